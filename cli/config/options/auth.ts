/** The options of `auth`: at most one of the kinds. */
import {
  flag,
  listOf,
  optionalSection,
  optionalText,
  requiredText,
  section,
  text,
  textElement,
  textSchema,
} from '../option-kinds.ts'
import { didYouMean } from '../nearest-name.ts'

const algorithms: readonly string[] = [
  'EdDSA',
  ...['HS', 'RS', 'ES', 'PS'].flatMap((family) => [256, 384, 512].map((bits) => `${family}${bits}`)),
]

const algorithm = textSchema().refine((name) => algorithms.includes(name), {
  error: ({ input }) => `must be one of ${algorithms.join(', ')}${didYouMean(String(input), algorithms) || '.'}`,
})

export const authOptions = section(
  {
    none: optionalSection({}, 'Says that the registry is open to everyone; the same as no auth section at all.'),
    silly: optionalSection(
      {
        realm: requiredText('The realm in the challenge.', 'Give any text.'),
        service: requiredText('The service in the challenge.', 'Give any text.'),
      },
      'Accepts whoever sends any Authorization header; for tests.',
    ),
    htpasswd: optionalSection(
      {
        realm: requiredText('The realm in the challenge.', 'Give a name for the registry, such as Registry.'),
        path: requiredText('The file with users and bcrypt hashes.', 'Give the path of a file made with htpasswd -B.'),
      },
      'Users and passwords in a file.',
    ),
    token: optionalSection(
      {
        realm: requiredText('The address of the token server.', 'Give the URL at which clients get their tokens.'),
        service: requiredText('The name of this registry in tokens (aud).', 'Give the audience that tokens carry.'),
        issuer: requiredText('The name of the token server in tokens (iss).', 'Give the issuer that tokens carry.'),
        rootcertbundle: optionalText('The file with the certificates that tokens are signed under.'),
        jwks: optionalText('The file with the keys that tokens are signed with, as a JSON Web Key Set.'),
        autoredirect: flag(
          false,
          'Sends clients for tokens to the host they asked, at autoredirectpath, instead of realm.',
        ),
        autoredirectpath: text('/auth/token', 'The path for autoredirect.'),
        signingalgorithms: listOf(textElement(algorithm), 'The algorithms that are accepted; all when left out.'),
      },
      'Tokens of a token server.',
    ),
  },
  'Who may use the registry. Without it, everyone.',
)
