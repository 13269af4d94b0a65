// Holds docs/architecture.md true: who may import whom, where each package lives, where the environment and the console are used.
import assert from 'node:assert/strict'
import fs from 'node:fs'
import path from 'node:path'

const root = import.meta.dirname
const layers = ['server', 'registry', 'storage-drivers', 'auth', 'mirror', 'gc', 'coordination', 'events', 'web', 'cli']
const tools = ['conformance', 'bench', 'testing']

/** What each folder's sources may import of ours; `types` only as types. Tests may import more: their own layer's neighbours and testing/. */
const allowed: Record<string, { values: string[]; types: string[] }> = {
  cli: { values: layers, types: [] },
  server: { values: ['registry', 'auth'], types: ['storage-drivers'] },
  mirror: { values: ['registry'], types: ['coordination', 'storage-drivers'] },
  gc: { values: ['registry'], types: ['storage-drivers', 'coordination'] },
  events: { values: [], types: ['registry'] },
  registry: { values: [], types: ['storage-drivers', 'coordination'] },
  auth: { values: [], types: [] },
  'storage-drivers': { values: [], types: [] },
  coordination: { values: [], types: [] },
  // They speak HTTP; only the starter of a server to speak with is shared.
  conformance: { values: ['testing'], types: [] },
  bench: { values: ['testing'], types: [] },
  web: { values: [], types: [] },
}

/** The one function that coordination/ gives to those who hold a locker of theirs. */
const sharedValues = new Set(['coordination/locker.ts'])

const homes: Record<string, (file: string) => boolean> = {
  koa: (file) => file.startsWith('server/'),
  '@koa/router': (file) => file.startsWith('server/'),
  'prom-client': (file) => file === 'server/metrics.ts',
  pino: (file) => file === 'cli/log.ts',
  zod: (file) => file.startsWith('cli/config/'),
  yaml: (file) => file.startsWith('cli/config/'),
  commander: (file) => file === 'cli/main.ts',
  'lru-cache': (file) => ['registry', 'storage-drivers', 'coordination'].includes(folderOf(file)),
  'hash-wasm': (file) => file === 'registry/digest.ts',
  '@aws-sdk/client-s3': (file) => file.startsWith('storage-drivers/s3/'),
  ioredis: (file) => file.startsWith('coordination/redis'),
}
/** cli/compose.ts hands the app on, and so names its type. */
const typeOnlyHomes: Record<string, string[]> = { koa: ['cli/compose.ts'] }

interface Import {
  file: string
  target: string
  isType: boolean
}

const sources = [...layers, ...tools].flatMap((folder) => sourcesIn(folder))
const imports = sources.flatMap((file) => importsOf(file))

describe('architecture', () => {
  it('each layer imports only the layers below it', () => {
    const broken = imports.filter((entry) => !isTest(entry.file) && !isAllowed(entry))
    assert.deepEqual(broken.map(sentence), [])
  })

  it('each npm package has one home', () => {
    const broken = imports.filter(({ file, target, isType }) => {
      const name = packageOf(target)
      if (name === undefined || isTest(file) || tools.includes(folderOf(file))) return false
      if (isType && typeOnlyHomes[name]?.includes(file)) return false
      return !(homes[name]?.(file) ?? false)
    })
    assert.deepEqual(broken.map(sentence), [])
  })

  it('every runtime dependency is used, and nothing else is imported', () => {
    const { dependencies } = JSON.parse(fs.readFileSync(path.join(root, 'package.json'), 'utf8')) as {
      dependencies: Record<string, string>
    }
    assert.deepEqual(Object.keys(homes).sort(), Object.keys(dependencies).sort())
  })

  it('storage keys are made in registry/layout.ts alone', () => {
    const makers = sources.filter(
      (file) => !isTest(file) && layers.includes(folderOf(file)) && textOf(file).includes('docker/registry/v2'),
    )
    assert.deepEqual(makers, ['registry/layout.ts'])
  })

  it('the environment is read in cli/config alone, and the console used in cli alone', () => {
    const inLayers = sources.filter((file) => !isTest(file) && layers.includes(folderOf(file)))
    const readers = inLayers.filter((file) => !file.startsWith('cli/config/') && /process\.env\b/.test(textOf(file)))
    const printers = inLayers.filter((file) => !file.startsWith('cli/') && /\bconsole\./.test(textOf(file)))
    assert.deepEqual({ readers, printers }, { readers: [], printers: [] })
  })

  it('docs/architecture.md names every folder', () => {
    const page = fs.readFileSync(path.join(root, 'docs/architecture.md'), 'utf8')
    const missing = [...layers, ...tools].filter((folder) => exists(folder) && !page.includes(`${folder}/`))
    assert.deepEqual(missing, [])
  })

  it('every source says at its top what it is for', () => {
    const silent = sources.filter((file) => !isTest(file) && !/^(#!.*\n)?\/[/*]/.test(textOf(file)))
    assert.deepEqual(silent, [])
  })
})

function isAllowed({ file, target, isType }: Import): boolean {
  const from = folderOf(file)
  if (!target.startsWith('.')) return true
  const to = resolved(file, target)
  if (folderOf(to) === from || from === 'testing' || sharedValues.has(to)) return true
  const rule = allowed[from]
  return rule !== undefined && (rule.values.includes(folderOf(to)) || (isType && rule.types.includes(folderOf(to))))
}

function importsOf(file: string): Import[] {
  const pattern = /^(?:import|export)\s+(type\s+)?(?:[^'"]*?\sfrom\s+)?'([^']+)'|import\('([^']+)'\)/gm
  return [...textOf(file).matchAll(pattern)].map(([, type, fixed, dynamic]) => ({
    file,
    target: (fixed ?? dynamic) as string,
    isType: type !== undefined,
  }))
}

function packageOf(target: string): string | undefined {
  if (target.startsWith('.') || target.startsWith('node:')) return undefined
  return target
    .split('/')
    .slice(0, target.startsWith('@') ? 2 : 1)
    .join('/')
}

function sourcesIn(folder: string): string[] {
  if (!exists(folder)) return []
  const names = fs.readdirSync(path.join(root, folder), { recursive: true }) as string[]
  return names.filter((name) => name.endsWith('.ts')).map((name) => `${folder}/${name}`)
}

function exists(folder: string): boolean {
  return fs.existsSync(path.join(root, folder))
}

/** Contract suites and fault injection are part of the tests. */
function isTest(file: string): boolean {
  return /\.test\.ts$|\/contract\.ts$|\/faulty\.ts$|\/fixtures?\//.test(file)
}

function folderOf(file: string): string {
  return file.split('/', 1)[0] as string
}

function resolved(file: string, target: string): string {
  return path.join(path.dirname(file), target)
}

function textOf(file: string): string {
  return fs.readFileSync(path.join(root, file), 'utf8')
}

function sentence({ file, target }: Import): string {
  return `${file} imports ${target}`
}
