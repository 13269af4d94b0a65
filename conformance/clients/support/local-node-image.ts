/**
 * The Dockerfile's base image without an image hub: this machine's files, imported under the base image's name. It brings what the
 * build uses of the real one, and this machine's way to reach the package registry, so that the Dockerfile itself is built unchanged.
 */
import { chmod, copyFile, cp, mkdir, readFile, realpath, symlink, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { run } from './command.ts'
import type { DockerDaemon } from './docker-daemon.ts'
import type { TemporaryFolder } from './temporary-folder.ts'

const commands = 'sh env mkdir ln chmod chown install rm cat id ls sleep readlink dirname uname sed'.split(' ')
const certificates = '/etc/ssl/certs/ca-certificates.crt'

export async function importNodeImage(daemon: DockerDaemon, folder: TemporaryFolder, name: string): Promise<void> {
  const root = folder.in('node-image')
  await addPrograms(root)
  await addNpm(root)
  await addAccounts(root)
  const environment = { PATH: '/usr/local/bin:/usr/bin:/bin', ...(await packageRegistryAccess(root)) }

  const archive = folder.in('node-image.tar')
  await run('tar', ['-C', root, '--owner=0', '--group=0', '-cf', archive, '.'])

  const changes = Object.entries(environment).flatMap(([key, value]) => ['--change', `ENV ${key}=${value}`])
  await daemon.docker(['import', ...changes, archive, name])
}

/** Debian keeps /bin and /lib as links into /usr; here they are folders, which programs cannot tell. */
async function addPrograms(root: string): Promise<void> {
  const found = await Promise.all(commands.map(async (name) => (await run('which', [name])).trim()))
  const programs = [
    ...found.map((file) => ({ file, to: `/bin/${path.basename(file)}` })),
    { file: process.execPath, to: '/usr/local/bin/node' },
  ]
  const libraries = new Set<string>()
  for (const { file, to } of programs) {
    await addFile(root, file, to)
    await chmod(path.join(root, to), 0o755)
    for (const [library] of (await run('ldd', [file])).matchAll(/\/\S+/g)) libraries.add(library)
  }
  for (const library of libraries) await addFile(root, library, library)
  await mkdir(path.join(root, 'usr/bin'), { recursive: true })
  await symlink('/bin/env', path.join(root, 'usr/bin/env')) // where scripts look for it
}

async function addNpm(root: string): Promise<void> {
  const script = await realpath((await run('which', ['npm'])).trim())
  await cp(path.dirname(path.dirname(script)), path.join(root, 'usr/local/lib/node_modules/npm'), { recursive: true })
  await symlink('../lib/node_modules/npm/bin/npm-cli.js', path.join(root, 'usr/local/bin/npm'))
}

async function addAccounts(root: string): Promise<void> {
  for (const folder of ['etc', 'root', 'home/node', 'tmp', 'var/lib', 'opt'])
    await mkdir(path.join(root, folder), { recursive: true })
  await chmod(path.join(root, 'tmp'), 0o1777)
  await writeFile(path.join(root, 'etc/passwd'), 'root:x:0:0::/root:/bin/sh\nnode:x:1000:1000::/home/node:/bin/sh\n')
  await writeFile(path.join(root, 'etc/group'), 'root:x:0:\nnode:x:1000:\n')
}

/** npm's own settings for the registry, and the authorities that this machine trusts. */
async function packageRegistryAccess(root: string): Promise<Record<string, string>> {
  const environment: Record<string, string> = {}
  for (const key of ['registry', 'proxy', 'https-proxy']) {
    const value = (await run('npm', ['config', 'get', key])).trim()
    if (value !== '' && value !== 'null') environment[`NPM_CONFIG_${key.toUpperCase().replace('-', '_')}`] = value
  }
  const authorities = process.env['NODE_EXTRA_CA_CERTS'] ?? certificates
  if (await readFile(authorities).catch(() => undefined)) {
    await addFile(root, authorities, certificates)
    environment['NODE_EXTRA_CA_CERTS'] = certificates
  }
  return environment
}

async function addFile(root: string, file: string, to: string): Promise<void> {
  await mkdir(path.join(root, path.dirname(to)), { recursive: true })
  await copyFile(file, path.join(root, to))
}
