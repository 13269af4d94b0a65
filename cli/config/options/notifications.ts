/** The options of `notifications`: who is told about pushes, pulls and deletes. */
import { count, duration, flag, listOf, objectSchema, requiredText, section, textElement } from '../option-kinds.ts'
import { headers, isHttpUrl } from './formats.ts'

export const notificationsOptions = section(
  {
    events: section(
      { includereferences: flag(false, 'Adds what a manifest refers to to the events about it.') },
      'The events.',
      { alsoNamed: 'EVENTCONFIG' },
    ),
    endpoints: listOf(
      objectSchema({
        name: requiredText('The name of the endpoint in logs and metrics.', 'Give any name.'),
        url: requiredText(
          'The address that events are posted to.',
          'Give a full address, http:// or https://.',
          isHttpUrl,
        ),
        disabled: flag(false, 'Sends nothing to this endpoint.'),
        headers: headers('Headers that are sent with the events.', { secret: true }),
        timeout: duration('1s', 'How long an answer may take.', { zeroIsDefault: true }),
        threshold: count(10, 'How many failures in a row lead to a pause.', { zeroIsDefault: true }),
        backoff: duration('1s', 'How long the pause is.', { zeroIsDefault: true }),
        ignoredmediatypes: listOf(textElement(), 'Media types whose events are not sent.'),
        ignore: section(
          {
            mediatypes: listOf(textElement(), 'Media types whose events are not sent.'),
            actions: listOf(textElement(), 'Actions whose events are not sent, such as pull.'),
          },
          'Events that are not sent.',
        ),
      }),
      'The receivers of events.',
    ),
  },
  'Webhooks.',
)
