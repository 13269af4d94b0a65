/** The options of `http.tls`. */
import { openSslNames } from '../cipher-suites.ts'
import { didYouMean } from '../nearest-name.ts'
import { listOf, oneOf, oneOfOr, optionalText, section, textElement, textSchema } from '../option-kinds.ts'

const cipherSuite = textSchema().refine((name) => openSslNames.has(name), {
  error: ({ input }) => `is no cipher suite that is supported${didYouMean(String(input), openSslNames.keys()) || '.'}`,
})

export const tlsOptions = section(
  {
    certificate: optionalText('The file with the certificate, in PEM; the registry speaks https when it is given.'),
    key: optionalText('The file with the private key of the certificate, in PEM.'),
    clientcas: listOf(textElement(), 'Files with the authorities whose client certificates are accepted.'),
    clientauth: oneOf(
      [
        'request-client-cert',
        'require-any-client-cert',
        'verify-client-cert-if-given',
        'require-and-verify-client-cert',
      ],
      'What is asked of clients when clientcas is given; require-and-verify-client-cert when left out.',
    ),
    minimumtls: oneOfOr(['tls1.2', 'tls1.3'], 'tls1.2', 'The lowest version of TLS that is spoken.'),
    ciphersuites: listOf(
      textElement(cipherSuite),
      'The cipher suites of TLS 1.2 by their IANA names; the secure ones when left out.',
    ),
  },
  'Speaking https.',
)
