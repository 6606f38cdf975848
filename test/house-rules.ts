import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { basename, dirname, join, normalize } from 'node:path'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'

/**
 * What `npm run lint` checks beside ESLint: the map (a room imports only rooms above it, no files import each other in a circle, no two files
 * share a name), the vocabulary (`docs/glossary.md`), and the length of the README. Prints each fault as `file:line: what, and what to do`.
 */
const ROOT = fileURLToPath(new URL('..', import.meta.url))
const README_WORDS_MAX = 900

/** All rooms, in order: a room may import those before it and itself. `test` may import all. */
const ROOMS = [
  'schemas',
  'actors/definition',
  'actors/core',
  'actors/kinds',
  'actors/testkit',
  'pipeline/runtime',
  'pipeline/jetstream',
  'pipeline/cluster',
  'pipeline/timers',
  'pipeline/host',
  'pipeline/dispatcher',
  'pipeline/projector',
  'pipeline/rebuild',
  'pipeline/verify',
  'pipeline/embedding',
  'pipeline/search',
  'pipeline/indexer',
  'pipeline/task-runner',
  'pipeline/dead-letters',
  'pipeline/replay-check',
  'pipeline/producer',
  'pipeline/http',
  'pipeline/ingest',
  'infra/settings.ts',
  'infra/servers',
  'infra/app',
  'infra/reporting',
  'infra/backup',
  'infra/demo',
  'infra/dev',
  'infra/deploy',
  'infra/cli',
  'infra/testkit.ts',
  'infra/index.ts',
  'bench',
]
/** Directories whose files may share names: one folder per built-in kind. */
const NAMES_MAY_REPEAT = 'actors/kinds/'

interface Fault {
  readonly file: string
  readonly line?: number
  readonly what: string
}

/** Words of the past, each with the one to use. Wire names that contain one are listed in `WIRE`. */
const OLD_WORDS: readonly (readonly [word: RegExp, use: string])[] = [
  [/\b(publish|ask)Surely\b|SurelyDeps/, 'publishWithRetry, withRetry, RetryDeps'],
]

const files = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], { cwd: ROOT, encoding: 'utf8' })
  .trim()
  .split('\n')
const sources = files.filter(
  (file) => /^(schemas|actors|pipeline|infra|bench|test)\/.*\.(ts|js)$/.test(file) && !file.startsWith('bench/peers/programs/'),
)
const read = (file: string): string => readFileSync(join(ROOT, file), 'utf8')

/** The files of this repository that a source imports, types included. */
const imports = new Map(
  sources.map((file) => [
    file,
    ts
      .preProcessFile(read(file), true, true)
      .importedFiles.filter(({ fileName }) => fileName.startsWith('.'))
      .map(({ fileName }) => normalize(join(dirname(file), fileName))),
  ]),
)

const roomOf = (file: string): number => ROOMS.findIndex((room) => file === room || file.startsWith(`${room}/`))

function checkArrows(): Fault[] {
  return [...imports]
    .filter(([file]) => !file.startsWith('test/'))
    .flatMap(([file, imported]) => {
      const own = roomOf(file)
      if (own < 0) return [{ file, what: 'lies in no room: put it in one, or name the room in test/house-rules.ts' }]
      return imported
        .filter((other) => roomOf(other) > own || other.startsWith('test/'))
        .map((other) => ({
          file,
          what: `imports ${other}: ${ROOMS[own]} comes before ${ROOMS[roomOf(other)] ?? 'test'} and may not know of it`,
        }))
    })
}

/** Each circle of files once, by Tarjan's strongly connected components. */
function checkCircles(): Fault[] {
  const index = new Map<string, number>()
  const low = new Map<string, number>()
  const stack: string[] = []
  const circles: string[][] = []
  const visit = (file: string): void => {
    index.set(file, index.size)
    low.set(file, index.size - 1)
    stack.push(file)
    for (const other of imports.get(file) ?? []) {
      if (!imports.has(other)) continue
      if (!index.has(other)) visit(other)
      else if (!stack.includes(other)) continue
      low.set(file, Math.min(low.get(file) ?? 0, low.get(other) ?? 0))
    }
    if (low.get(file) !== index.get(file)) return
    const circle = stack.splice(stack.indexOf(file))
    if (circle.length > 1) circles.push(circle)
  }
  for (const file of imports.keys()) if (!index.has(file)) visit(file)
  return circles.map((circle) => ({ file: circle[0] ?? '', what: `import each other in a circle: ${circle.join(', ')}` }))
}

function checkNames(): Fault[] {
  const byName = Map.groupBy(
    sources.filter((file) => !file.startsWith(NAMES_MAY_REPEAT)),
    (file) => basename(file),
  )
  return [...byName]
    .filter(([, same]) => same.length > 1)
    .map(([name, same]) => ({
      file: same[0] ?? name,
      what: `shares its name with ${same.slice(1).join(', ')}: name each after its own concept`,
    }))
}

function checkWords(): Fault[] {
  const texts = files.filter(
    (file) => /\.(ts|js|md|sql|ya?ml|html|css)$/.test(file) && file !== 'test/house-rules.ts' && file !== 'CHANGELOG.md',
  )
  return texts.flatMap((file) =>
    read(file)
      .split('\n')
      .flatMap((text, index) =>
        OLD_WORDS.filter(([word]) => word.test(text)).map(([word, use]) => ({
          file,
          line: index + 1,
          what: `"${word.exec(text)?.[0]}" is a word of the past: use ${use}`,
        })),
      ),
  )
}

function checkReadme(): Fault[] {
  return ['README.md'].flatMap((file) => {
    const words = read(file).split(/\s+/).filter(Boolean).length
    return words > README_WORDS_MAX ? [{ file, what: `has ${words} words, ${README_WORDS_MAX} at most: move something into docs/` }] : []
  })
}

const faults = [...checkArrows(), ...checkCircles(), ...checkNames(), ...checkWords(), ...checkReadme()]
for (const { file, line, what } of faults) process.stderr.write(`${file}${line === undefined ? '' : `:${line}`}: ${what}\n`)
process.exitCode = faults.length > 0 ? 1 : 0
