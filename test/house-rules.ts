import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { basename, dirname, join, normalize } from 'node:path'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'

/**
 * The part of `npm run lint` beside ESLint: the map (a room imports only rooms above it, no files import each other in a circle, no two
 * files share a name), the vocabulary (`docs/glossary.md`), the length of lines and of the README. Prints each fault as `file:line: what,
 * and what to do`. Its argument is the repository to check; default: this one.
 */
const ROOT = process.argv[2] ?? fileURLToPath(new URL('..', import.meta.url))
const README_WORDS_MAX = 900

/** All rooms, in order: a room may import those before it and itself. `test` may import all. */
const ROOMS = [
  'schemas',
  'actors/definition',
  'actors/core',
  'actors/recommending',
  'actors/analysing',
  'actors/prompting',
  'actors/streaming',
  'actors/social',
  'actors/kinds',
  'actors/testkit',
  'pipeline/runtime',
  'pipeline/jetstream',
  'pipeline/access',
  'pipeline/watchdog',
  'pipeline/cluster',
  'pipeline/timers',
  'pipeline/canary',
  'pipeline/tenants',
  'pipeline/cache',
  'pipeline/models',
  'pipeline/prompts',
  'pipeline/profiles',
  'pipeline/host',
  'pipeline/dispatcher',
  'pipeline/hooks',
  'pipeline/projector',
  'pipeline/rebuild',
  'pipeline/verify',
  'pipeline/embedding',
  'pipeline/reranking',
  'pipeline/search',
  'pipeline/understanding',
  'pipeline/quality',
  'pipeline/answering',
  'pipeline/index-check',
  'pipeline/indexer',
  'pipeline/judge',
  'pipeline/replay-check',
  'pipeline/recommending',
  'pipeline/topics',
  'pipeline/task-queues',
  'pipeline/feeds',
  'pipeline/fan-out',
  'pipeline/desks',
  'pipeline/task-runner',
  'pipeline/documents',
  'pipeline/dead-letters',
  'pipeline/operator',
  'pipeline/producer',
  'pipeline/streams',
  'pipeline/http',
  'pipeline/ingest',
  'infra/settings.ts',
  'infra/servers',
  'infra/app',
  'infra/reporting',
  'infra/backup',
  'infra/demo',
  'infra/web',
  'infra/console',
  'infra/dev',
  'infra/deploy',
  'infra/cli',
  'infra/testkit.ts',
  'infra/kinds.ts',
  'infra/index.ts',
  'bench/harness',
  'bench/peers',
  'bench/gate',
  'bench/reports',
  'bench/scenarios',
  'bench/chaos',
  'bench/eval',
  'bench',
]
/** Directories whose files may share names: one folder per built-in kind. */
const NAMES_MAY_REPEAT = 'actors/kinds/'

interface Fault {
  readonly file: string
  readonly line?: number
  readonly what: string
}

/**
 * The old vocabulary, each word with the one to use. Wire names keep theirs (`{"type":"alarm"}`, the key `tails`): a pattern excludes them
 * by their quotes.
 */
const OLD_WORDS: readonly (readonly [word: RegExp, use: string])[] = [
  [/\b(publish|ask)Surely\b|SurelyDeps/, 'publishWithRetry, askWithRetry, RetryDeps'],
  [/\bwarnSeldom\b|\bleftOut\b/, 'rateLimitedWarn, suppressed'],
  [/\bgiveWay\b|\bmoduleBeside\b|\bAT_ONCE\b/, 'lowerThreadPriority, workerEntry, SYNC_INSERT'],
  [/\bcreateGate\b|\bCountdown\b|\bcreateWindow\b|\brepeatedly\(/, 'InFlightLimiter, InFlightCounter, ConcurrencyLimit, periodicJob'],
  [/PositionTracker/, 'LowWatermark'],
  [/\b[Bb]us\b|openBus|withBus|attachBus/, 'JetStreamContext, jetstream'],
  [/newestMatch|tailLost|tailsLost|createTails|healInbox|\bloadRing\b|\blost tails?\b/, 'findResumePosition, truncated, stream truncation'],
  [/HANDED_ON|isHandedOn|\bhanded[ -]on\b|\bhand[ -]on[ -]watch/, 'SOURCED_STREAMS, isSourcingComplete, sourcing watchdog'],
  [/\bnudges?\b|openBoard|\bBoardView\b|\bthe board\b/, 'notify, ClusterRegistry'],
  [/shareOut\b|[sS]tillOurs|\bforsaken\b|\bletGo\b/, 'assignPartitions, ownership guard, handedOff, releasePartition'],
  [/placeOfThisProcess/, 'hostIdentity'],
  [/(?<!['"`])\b[aA]larms?\b(?!['"`-])|[a-z]Alarms?\b|[a-z]Alarm[A-Z]|\balarm[A-Z]|\bisForgotten\b/, 'wake-up'],
  [/createLiveActors|\bLiveActors?\b/, 'ActorCache, CachedActor'],
  [/\bbegin(Host|Dispatcher|Projector|Runner|Embedding|Trimming|Step)\b/, 'start…'],
  [/\bunmoved\b|\bDraft\b|\bMoment\b|\bisHandled\b/, 'unchanged, PendingRecord, DecisionContext, isRedelivery'],
  [/LetterEnd|\bletterFacts|LETTER_|\bLetterFilter|\blettersResolved|\b(scan|find|resolve|remove)Letters?\b/, 'dead letter, resolution'],
  [/\bthingsSaid\b|\bsaidIn\b|\bsaidRows\b|\btoldBy\b|\btoldAt\b/, 'observedMessages, messagesIn'],
  [/nextStays|stayRows|openStays|staysText/, 'state intervals'],
  [/\bfirstDue\b|\bDueRun\b|\bdueRun\b/, 'nextDeadline, ExpiredRun'],
  [/createTakeOvers|\btakeOvers\b|\btakeOver\(|\bdropOthers\b|\bremoveAbove\b/, 'TableSwap, dropStaleGenerations, rollbackTo'],
  [/\bBEAT_MS|\bSILENT_MS/, 'HEARTBEAT_MS, HEARTBEAT_TIMEOUT_MS'],
  [/createProofs|Memory(Point|Area|Writer|Filter|Text|Change|Deps)\b|openMemory|TaskMemories/, 'canaries, search index'],
  [/createTeacher|\bTeacher\b|teachingOf|teachArticles/, 'KnowledgeClient, upload'],
  [/settingsByUrl|\bbyUrl\b|withBucket|reviewActors/, 'threadSettings, withStoppedSystem, migration dry run'],
  [/attachNats|attachClickHouse|attachSystem/, 'connectToRunning…, connectToSystem'],
  [/\bcreateWaits\b|\bcreateLevels\b/, 'createWaitFor, createRemoteProgress'],
  [/\b[iI]mpatience\b/, 'timeout'],
  [/\buntilStopped\b|\bcarriedSte?p\b|\bowed\b/i, 'backgroundRun, resumedTally, missing'],
  [/\bpour\(|\bkeepPace\b|\bmeasureNoise\b/, 'saturate, openLoop, machineNoise'],
  [/\bdeskWith\b|\brigKind\b|\bstayAlive\b|\bSpecies\b/, 'support harness, parallelKind, actor histories, generators'],
  [/\b[wW]hoever\b|\bbe it\b|\bheard of\b|\bsurely\b|\bseldom\b|\banew\b/i, 'a sentence that names who does what'],
]
/** File names of the old vocabulary, without their extension. */
const OLD_NAMES = new Set(
  (
    'alarms alarm-sweep ask-surely at-once block-watch board bus by-url claim countdown draft due give-way hand-on-watch handed-on heal '
    + 'leader letters levels live-actors memory module-beside noise offline ownership owed place plan pour position-tracker proofs '
    + 'publish-surely repeatedly repeats retrieval review said still-ours stays tails take-over teacher told until waits warn-seldom window'
  ).split(' '),
)

/** Calls that remove messages or streams of JetStream, and the one file that may make them. Benchmarks remove their own streams. */
const REMOVAL = /\.(purge|deleteMessage)\(|streams\.delete\(|STREAM\.(PURGE|DELETE|MSG\.DELETE)|ACCOUNT\.PURGE|['"`]Nats-Rollup/
const REMOVAL_FILE = 'pipeline/jetstream/removal.ts'

/** Files that quote old words on purpose, or are generated or foreign. */
const MAY_HAVE_OLD_WORDS =
  /^(test\/house-rules(\.unit\.test)?\.ts|CHANGELOG\.md|LICENSE|bench\/results\/|test\/support\/data\/|infra\/demo\/conversations)/
const LINE_CHARS_MAX = 140

const files = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], { cwd: ROOT, encoding: 'utf8' })
  .trim()
  .split('\n')
const sources = files.filter(
  (file) => /^(schemas|actors|pipeline|infra|bench|test)\/.*\.(ts|js)$/.test(file) && !file.startsWith('bench/peers/programs/'),
)
const read = (file: string): string => readFileSync(join(ROOT, file), 'utf8')
const linesOf = (file: string): string[] => read(file).split('\n')

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

/** Circles of files, and of folders; a folder and the folders inside it are one concept and may import each other. */
function checkCircles(): Fault[] {
  const isNested = (one: string, other: string): boolean => `${other}/`.startsWith(`${one}/`) || `${one}/`.startsWith(`${other}/`)
  const folders = new Map<string, string[]>()
  for (const [file, imported] of imports) {
    if (file.startsWith('test/')) continue
    const folder = dirname(file)
    const others = imported.map((other) => dirname(other)).filter((other) => !isNested(folder, other))
    folders.set(folder, [...(folders.get(folder) ?? []), ...others])
  }
  return [...circlesOf(imports), ...circlesOf(folders)].map((circle) => ({
    file: circle[0] ?? '',
    what: `import each other in a circle: ${circle.join(', ')}`,
  }))
}

/** The strongly connected components with more than one node, by Tarjan's algorithm. */
function circlesOf(graph: ReadonlyMap<string, readonly string[]>): string[][] {
  const index = new Map<string, number>()
  const low = new Map<string, number>()
  const stack: string[] = []
  const circles: string[][] = []
  const visit = (node: string): void => {
    index.set(node, index.size)
    low.set(node, index.size - 1)
    stack.push(node)
    for (const other of graph.get(node) ?? []) {
      if (!graph.has(other)) continue
      if (!index.has(other)) visit(other)
      else if (!stack.includes(other)) continue
      low.set(node, Math.min(low.get(node) ?? 0, low.get(other) ?? 0))
    }
    if (low.get(node) !== index.get(node)) return
    const circle = stack.splice(stack.indexOf(node))
    if (circle.length > 1) circles.push(circle)
  }
  for (const node of graph.keys()) if (!index.has(node)) visit(node)
  return circles
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

function checkOldNames(): Fault[] {
  return sources
    .filter((file) => OLD_NAMES.has(basename(file).split('.')[0] ?? ''))
    .map((file) => ({ file, what: 'has a name of the past: use the word of docs/glossary.md' }))
}

function checkWords(): Fault[] {
  const texts = files.filter((file) => /\.(ts|js|md|sql|ya?ml|html|css)$/.test(file) && !MAY_HAVE_OLD_WORDS.test(file))
  return texts.flatMap((file) =>
    linesOf(file).flatMap((text, index) =>
      OLD_WORDS.filter(([word]) => word.test(text)).map(([word, use]) => ({
        file,
        line: index + 1,
        what: `"${word.exec(text)?.[0]}" is a word of the past: use ${use}`,
      })),
    ),
  )
}

function checkRemovals(): Fault[] {
  return sources
    .filter((file) => /^(schemas|actors|pipeline|infra)\//.test(file) && file !== REMOVAL_FILE)
    .flatMap((file) =>
      linesOf(file).flatMap((text, index) =>
        REMOVAL.test(text) ? [{ file, line: index + 1, what: `removes messages or a stream: only ${REMOVAL_FILE} may do that` }] : [],
      ),
    )
}

function checkLines(): Fault[] {
  return sources.flatMap((file) =>
    linesOf(file).flatMap((text, index) => {
      const characters = [...text].length
      return characters > LINE_CHARS_MAX ? [{ file, line: index + 1, what: `has ${characters} characters, ${LINE_CHARS_MAX} at most` }] : []
    }),
  )
}

function checkReadme(): Fault[] {
  const file = 'README.md'
  if (!files.includes(file)) return []
  const words = read(file).split(/\s+/).filter(Boolean).length
  return words > README_WORDS_MAX ? [{ file, what: `has ${words} words, ${README_WORDS_MAX} at most: move something into docs/` }] : []
}

const faults = [
  ...checkArrows(),
  ...checkCircles(),
  ...checkNames(),
  ...checkOldNames(),
  ...checkWords(),
  ...checkRemovals(),
  ...checkLines(),
  ...checkReadme(),
]
for (const { file, line, what } of faults) process.stderr.write(`${file}${line === undefined ? '' : `:${line}`}: ${what}\n`)
process.exitCode = faults.length > 0 ? 1 : 0
