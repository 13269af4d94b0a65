/** The part of docs/configuration.md that is the same whatever the options are. */

export function introduction(notYetMark: string): string {
  return `# Configuration

*This page is generated from the schema by \`npm run docs:configuration\`; do not edit it.*

Lading reads the \`config.yml\` and the \`REGISTRY_*\` environment of CNCF distribution (\`registry:2\` and \`registry:3\`), and
has a few options of its own. It needs no configuration to start.

\`lading config check FILE\` tells every mistake in a file at once, \`lading config print\` shows the values in effect, secrets
masked.

## The file

The first of these is read:

1. the file named on the command line, or by \`REGISTRY_CONFIGURATION_PATH\`;
2. in our image, a file mounted at \`/etc/distribution/config.yml\` or \`/etc/docker/registry/config.yml\`, where the images of
   distribution have theirs;
3. \`/etc/lading/config.yml\`.

Where \`/etc/lading/config.yml\` does not exist, the files of step 2 are left to the distribution that is installed there.

A file begins with \`version: 0.1\`. The smallest one that is of use:

\`\`\`yaml
version: 0.1
storage:
  filesystem:
    rootdirectory: /var/lib/registry
http:
  addr: :5000
\`\`\`

- A key that looks like a mistyped option keeps the registry from starting. Any other unknown key is told and ignored.
- An empty key means the default of the option.
- Durations are written as in Go: \`30s\`, \`1h30m\`, \`168h\`, \`500ms\`. A bare number counts nanoseconds.
- Exactly one storage driver and at most one kind of auth can be given.
- A section marked ${notYetMark} is read and checked, and keeps the registry from starting when it is used: nothing that
  you ask for is silently left out.

## The environment

Every option can be set by a variable: \`REGISTRY_\`, then the keys in capitals, joined by \`_\`. The value is read as YAML, so
lists and sections can be given whole: \`REGISTRY_HTTP_HEADERS='{X-Frame-Options: [deny]}'\`.

- The environment wins over the file. Variables are applied in the order of their names, so \`REGISTRY_STORAGE=filesystem\`
  replaces the whole section and \`REGISTRY_STORAGE_FILESYSTEM_ROOTDIRECTORY=/data\` then refines it.
- An entry of a list is named by its number, from 0; the number after the last appends one:
  \`REGISTRY_NOTIFICATIONS_ENDPOINTS_0_URL\`.
- The last part can be a name of your own where the table says \`<name>\`: \`REGISTRY_HTTP_HEADERS_X-Frame-Options='[deny]'\`.
- Where distribution uses another name than the key, both are understood: \`FILECHECKERS\`, \`HTTPCHECKERS\` and \`TCPCHECKERS\`
  for the lists of \`health\`, \`EVENTCONFIG\` for \`notifications.events\`.
- An empty value sets the option back to its default. A variable that is no option is told and ignored.`
}
