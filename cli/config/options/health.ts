/** The options of `health`: what is checked, besides that the process answers. */
import { count, duration, flag, listOf, objectSchema, requiredText, section } from '../option-kinds.ts'
import { headers, isHttpUrl, parsePort } from './formats.ts'

const interval = () => duration('10s', 'The time between two checks.', { zeroIsDefault: true })
const timeout = () => duration('0s', 'How long a check may take; 0 is as long as the interval.')
const threshold = () => count(0, 'How many checks in a row must fail before the registry counts as unhealthy.')

export const healthOptions = section(
  {
    storagedriver: section(
      {
        enabled: flag(false, 'Checks that the storage answers.'),
        interval: interval(),
        threshold: threshold(),
      },
      'The check of the storage.',
    ),
    file: listOf(
      objectSchema({
        file: requiredText('While this file exists, the registry is unhealthy.', 'Give the path of a file.'),
        interval: interval(),
        threshold: threshold(),
      }),
      'Checks of files.',
      { alsoNamed: 'FILECHECKERS' },
    ),
    http: listOf(
      objectSchema({
        uri: requiredText(
          'The address that is asked with HEAD.',
          'Give a full address, http:// or https://.',
          isHttpUrl,
        ),
        statuscode: count(200, 'The status that is expected.', { most: 999, zeroIsDefault: true }),
        timeout: timeout(),
        interval: interval(),
        threshold: threshold(),
        headers: headers('Headers that are sent with the check.', { secret: true }),
      }),
      'Checks of other servers over HTTP.',
      { alsoNamed: 'HTTPCHECKERS' },
    ),
    tcp: listOf(
      objectSchema({
        addr: requiredText(
          'The address that is connected to.',
          'Give host:port, such as db.example.com:5432.',
          (address) => parsePort(address) !== undefined,
        ),
        timeout: timeout(),
        interval: interval(),
        threshold: threshold(),
      }),
      'Checks of other servers over TCP.',
      { alsoNamed: 'TCPCHECKERS' },
    ),
  },
  'What must be well for the registry to call itself healthy.',
)
