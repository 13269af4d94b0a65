/** The options of `http`. */
import { z } from 'zod'
import {
  count,
  duration,
  flag,
  listOf,
  oneOfOr,
  optionNotes,
  optionalFlag,
  optionalText,
  secretText,
  section,
  text,
  textElement,
  textSchema,
} from '../option-kinds.ts'
import { headers, networkSchema, urlSchema } from './formats.ts'
import { tlsOptions } from './tls.ts'

const pathSchema = textSchema()
  .regex(/^[\w./~-]*$/u, { error: 'must be a path such as /registry/.' })
  .overwrite((path) => `/${path}/`.replace(/\/+/gu, '/'))

const originSchema = textSchema().refine(
  (origin) => origin === '*' || (URL.canParse(origin) && new URL(origin).origin === origin),
  { error: 'must be an origin such as https://ui.example.com (no path, no slash at the end), or *.' },
)

const workersError = { error: 'must be a whole number of at least 1, or auto.' }

const workersSchema = z.preprocess(
  (value) => (/^\d+$/u.test(String(value)) ? Number(value) : value),
  z.union([z.literal('auto'), z.int().min(1, workersError)], workersError),
)

export const httpOptions = section(
  {
    addr: text(':5000', 'The address to listen on, host:port; with net: unix the path of a socket.'),
    net: oneOfOr(['tcp', 'unix'], 'tcp', 'The kind of address.'),
    host: optionalText(
      'The address that clients use, such as https://registry.example.com, for absolute URLs.',
      urlSchema,
    ),
    prefix: text('/', 'The path below which the registry is served.', pathSchema),
    secret: secretText('The key that signs the state of uploads: the same for all replicas; random when left out.'),
    relativeurls: optionalFlag(
      'Whether Location and Link are relative; left out, they are relative too, while false makes them absolute.',
    ),
    headers: headers('Headers that are added to every response, each with a list of values.'),
    draintimeout: duration(
      '25s',
      'How long running requests may take to end after SIGTERM; 0 means the default too, since this registry always drains.',
      { zeroIsDefault: true },
    ),
    readinessdelay: duration(
      '0s',
      'How long /readyz fails after SIGTERM before the registry stops accepting connections.',
    ),
    idletimeout: duration(
      '60s',
      'How long an upload or a download may stand still, with no byte moving, before it is cut.',
    ),
    keepalivetimeout: duration('75s', 'How long an idle connection is kept open for the next request.'),
    maxheaderbytes: count(65_536, 'The size of all headers of a request together, in bytes.', { least: 1024 }),
    workers: workersSchema
      .default('auto')
      .register(optionNotes, { sentence: 'The number of processes that serve requests; auto is one for each core.' }),
    trustedproxies: listOf(
      textElement(networkSchema),
      'Addresses and networks of the proxies whose X-Forwarded-* and Forwarded headers are believed.',
    ),
    warnings: listOf(
      textElement(textSchema().regex(/^[\x20-\x7e]+$/u, { error: 'must be one line of ASCII characters.' })),
      'Sentences sent with every response as Warning headers (299); together at most 4096 bytes.',
    ),
    cors: section(
      { origins: listOf(textElement(originSchema), 'Origins whose pages may call the registry; * allows all.') },
      'Calls from pages in browsers.',
    ),
    tls: tlsOptions,
    debug: section(
      {
        addr: optionalText('The address for health and metrics, host:port; nothing listens when left out.'),
        prometheus: section(
          {
            enabled: flag(false, 'Serves metrics for Prometheus on the debug address.'),
            path: text(
              '/metrics',
              'The path of the metrics.',
              textSchema().startsWith('/', { error: 'must begin with /.' }),
            ),
          },
          'Metrics.',
        ),
      },
      'The second server, for operators only.',
    ),
    http2: section({ disabled: flag(false, 'Keeps clients from using HTTP/2.') }, 'HTTP/2.'),
  },
  'How the registry is reached.',
)
