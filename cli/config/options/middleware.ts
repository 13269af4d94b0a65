/** The options of `middleware`: what stands between the registry and its storage. */
import {
  duration,
  flag,
  listOf,
  objectSchema,
  oneOf,
  oneOfOr,
  optionalText,
  requiredText,
  section,
  textElement,
} from '../option-kinds.ts'
import { urlSchema } from './formats.ts'

const options = section(
  {
    baseurl: optionalText(
      'redirect, cloudfront: the address that clients are sent to; cloudfront: https where it has no scheme.',
    ),
    scheme: oneOf(['http', 'https'], 'rewrite: the scheme to put into redirects.'),
    host: optionalText('rewrite: the host to put into redirects.'),
    trimpathprefix: optionalText('rewrite: what is cut off the beginning of the path of redirects.'),
    privatekey: optionalText('cloudfront: the file with the private key that signs addresses.'),
    keypairid: optionalText('cloudfront: the id of the key pair.'),
    duration: duration('20m', 'cloudfront: how long a signed address is good.'),
    ipfilteredby: oneOfOr(['none', 'aws', 'awsregion'], 'none', 'cloudfront: which clients go to S3 directly.'),
    awsregion: listOf(textElement(), 'cloudfront: the regions for ipfilteredby: awsregion.'),
    updatefrequency: duration('12h', 'cloudfront: how often the list of AWS networks is fetched.'),
    iprangesurl: optionalText('cloudfront: where that list is fetched.', urlSchema),
  },
  'What the middleware is told.',
)

const name = requiredText('The name of the middleware.', 'Give redirect, rewrite or cloudfront.')

const disabled = flag(false, 'Leaves this middleware out.')

export const middlewareOptions = section(
  {
    storage: listOf(objectSchema({ name, disabled, options }), 'Around the storage.'),
    repository: listOf(objectSchema({ name, disabled }), 'Around repositories; there are none built in.'),
    registry: listOf(objectSchema({ name, disabled }), 'Around the registry; there are none built in.'),
  },
  'Redirecting clients to another place for content.',
)
