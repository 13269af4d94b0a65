/** The options of `validation`: what a manifest must be like to be accepted. */
import { compileGoRegExp } from '../go-regexp.ts'
import {
  count,
  flag,
  listOf,
  objectSchema,
  oneOfOr,
  optionalText,
  section,
  textElement,
  textSchema,
} from '../option-kinds.ts'

const pattern = textSchema().refine((source) => compileGoRegExp(source) !== undefined, {
  error: 'is no regular expression that can be used here.',
})

export const validationOptions = section(
  {
    disabled: flag(false, 'Switches off the rules of this section.'),
    enabled: flag(false, 'The older way to say it: true wins over disabled.'),
    manifests: section(
      {
        maxbytes: count(4_194_304, 'The largest manifest that is accepted, in bytes.', { least: 1024 }),
        urls: section(
          {
            allow: listOf(textElement(pattern), 'Regular expressions, one of which each URL in a manifest must match.'),
            deny: listOf(textElement(pattern), 'Regular expressions, none of which a URL in a manifest may match.'),
          },
          'URLs in manifests; with neither list, all URLs are accepted.',
        ),
        indexes: section(
          {
            platforms: oneOfOr(
              ['all', 'none', 'list'],
              'all',
              'Which images of an index must be in the repository before the index is accepted.',
            ),
            platformlist: listOf(
              objectSchema({
                architecture: optionalText('The architecture, such as amd64.'),
                os: optionalText('The operating system, such as linux.'),
              }),
              'The platforms for platforms: list.',
            ),
          },
          'Indexes.',
        ),
      },
      'Manifests.',
    ),
  },
  'What is asked of pushed manifests.',
)
