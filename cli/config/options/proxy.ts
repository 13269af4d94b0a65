/** The options of `proxy`: being a pull-through cache of another registry. */
import { duration, optionalDuration, optionalSection, optionalText, requiredText, secretText } from '../option-kinds.ts'
import { urlSchema } from './formats.ts'

export const proxyOptions = optionalSection(
  {
    remoteurl: optionalText('The registry that is cached, such as https://registry-1.docker.io.', urlSchema),
    username: optionalText('The user at that registry.'),
    password: secretText('The password at that registry.'),
    ttl: duration('168h', 'How long cached content is kept; 0 is for ever.'),
    cachewritetimeout: duration('5m', 'How long writing a blob to the cache may take.'),
    exec: optionalSection(
      {
        command: requiredText('The credential helper to run instead of username and password.', 'Give a command.'),
        lifetime: optionalDuration('How long its answer is good; left out, it is run once, with 0 for every request.'),
      },
      'Credentials from a program.',
    ),
  },
  'Serving another registry from a cache.',
)
