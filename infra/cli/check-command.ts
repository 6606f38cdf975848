import { existsSync } from 'node:fs'
import { Presets, SingleBar } from 'cli-progress'
import { Command } from 'commander'
import { type Difference, valueText } from '../../actors/core/value-differences.ts'
import { type AcceptedDifferences, readAcceptedDifferences } from '../../pipeline/replay-check/accepted-differences.ts'
import type { Found } from '../../pipeline/replay-check/deviation-causes.ts'
import type { CheckProgress, CheckSummary } from '../../pipeline/replay-check/replay-check.ts'
import { counted } from '../../schemas/counted.ts'
import { ColloquyError } from '../../schemas/errors.ts'
import { actorKey } from '../../schemas/subjects.ts'
import { type CommandContext, JSON_FLAG, type JsonOption } from '../app/command-context.ts'
import { withJetStream } from '../app/connect-to-running.ts'
import { wholeNumber } from '../app/number-arguments.ts'
import { type Output, printable } from '../app/terminal-output.ts'
import { PREFIX, type Settings } from '../settings.ts'
import { setArgument, tokenArgument } from './arguments.ts'

interface Options extends JsonOption {
  readonly tenant?: string
  readonly kind?: string
  readonly sample?: number
  readonly fold?: true
  readonly accept?: string
  readonly intents?: string
  readonly set: string
  readonly limit: number
}

/** Actors listed per cause; `--json` has all of them. */
const LIMIT_DEFAULT = 20
/** Differences shown of the first record; `--json` has more. */
const LINES_MAX = 5
const MEMORY_BYTES_MAX = 256 * 1024 * 1024
const NOTHING_ACCEPTED: AcceptedDifferences = new Map()

export const checkCommand = ({ out, settings }: CommandContext): Command =>
  new Command()
    .argument('[config]', 'module that exports the kinds (default: COLLOQUY_CONFIG)')
    .option('--tenant <tenant>', 'actors of this tenant only (default: of all but the own tenant of the cluster)', tokenArgument)
    .option('--kind <kind>', 'actors of this kind only', tokenArgument)
    .option('--sample <n>', 'replay a sample of this many actors, the same ones each time (default: all)', wholeNumber(1))
    .option('--fold', "replay each actor from its first input through today's machine alone, up to the first difference")
    .option('--accept <file>', 'YAML or JSON: causes that are meant, each with its reason: [{cause, reason, until?}]')
    .option('--limit <n>', 'actors to list per cause', wholeNumber(1), LIMIT_DEFAULT)
    .option('--intents <file>', 'instead: which recorded messages the set would understand otherwise, if this file were taught')
    .option('--set <set>', 'with --intents: name of the set', setArgument, 'main')
    .option(JSON_FLAG, 'one JSON object per actor and cause: {tenant, kind, id, n, seq, cause, differences}; then {summary}')
    .addHelpText(
      'after',
      `
Without --fold, the command repeats every recorded decision, each from the recorded state before it. A deployed kind decides its next
input in the same way. Records of an earlier version are migrated first. The command only reads LOG, so it may run beside a live system.
The exit code is 1 if anything would differ that no entry of --accept has. An entry names the cause as this command prints it; after the day
"until" it counts no more.

With the flag --models <file>, the command says instead what the recorded turns of the tenant would have cost with this file of language
models, and where they would have gone, beside what they did cost.`,
    )
    .action(async (config: string | undefined, options: Options) => {
      const { settings: effective, effective: sources } = settings()
      if (options.intents !== undefined) {
        const { checkIntents } = await import('./intents/check-intents.ts')
        return checkIntents({ out, settings: effective, file: options.intents, tenant: options.tenant ?? 'default', ...options })
      }
      const models = sources.find(({ name, source }) => name === `${PREFIX}MODELS` && source === 'flag')
      if (models !== undefined && effective.MODELS !== undefined) {
        const { checkModels } = await import('./check-models.ts')
        const { tenant = 'default', json = false } = options
        return checkModels({ out, settings: effective, file: effective.MODELS, tenant, json })
      }
      const kinds = await (await import('../app/load-kinds.ts')).loadKinds(withConfig(effective, config))
      const { checkLog } = await import('../../pipeline/replay-check/replay-check.ts')
      const { watchedSlot } = await import('../app/watchdog/process-watchdog.ts')
      const { refuseExit } = await import('../../pipeline/watchdog/stray-errors.ts')
      await withJetStream(effective, async (jetstream) => {
        await using started = new AsyncDisposableStack()
        const calls = watchedSlot(effective, { noun: 'repeated decision' }, started)
        started.defer(refuseExit().stop)
        const accepted =
          options.accept === undefined ? NOTHING_ACCEPTED : await readAcceptedDifferences(options.accept, new Date().toISOString())
        const listed = new Map<string, string[]>()
        const onFound = (found: Found): void => {
          if (options.json) return out.json(foundJson(found))
          const actors = listed.get(found.cause) ?? []
          if (actors.length < options.limit) listed.set(found.cause, [...actors, actorKey(found.address)])
        }
        const progress = showProgress(out)
        const { tenant, kind, sample, fold } = options
        const summary = await checkLog({
          jetstream,
          kinds,
          calls,
          tenant,
          kind,
          sample,
          mode: fold ? 'fold' : 'each',
          isAccepted: (cause) => accepted.has(cause),
          memoryBytesMax: MEMORY_BYTES_MAX,
          onFound,
          onProgress: progress.update,
        }).finally(progress.stop)
        if (options.json) out.json({ summary: summaryJson(summary, accepted) })
        else print(out, summary, { listed, accepted })
        if (summary.differing > 0) {
          const differing = `${counted(summary.differing, 'actor')} of ${summary.actors}`
          throw new ColloquyError(
            'would_differ',
            `${differing} would behave differently from the log. `
              + 'If that is meant, deploy it as a new version with a migration, or list the cause with its reason in a file for --accept',
          )
        }
      })
    })

const PROGRESS_FORMAT = '{bar} {percentage} % │ {records} records │ {perSecond}/s │ {differing} actors differ'
const PROGRESS_STEPS = 1_000

/** A bar on a terminal, nothing elsewhere. */
function showProgress(out: Output): { update(progress: CheckProgress): void; stop(): void } {
  if (out.stderr.isTTY !== true) return { update: () => undefined, stop: () => undefined }
  const options = { stream: out.stderr, format: PROGRESS_FORMAT, hideCursor: null, clearOnComplete: true, fps: 10 }
  const bar = new SingleBar(options, Presets.shades_classic)
  const startedMs = performance.now()
  bar.start(PROGRESS_STEPS, 0, { records: 0, perSecond: 0, differing: 0 })
  return {
    update({ share, records, differing }) {
      const perSecond = Math.round((records / (performance.now() - startedMs)) * 1_000)
      bar.update(Math.floor(share * PROGRESS_STEPS), { records, differing, perSecond })
    },
    stop: () => bar.stop(),
  }
}

function withConfig(settings: Settings, config: string | undefined): Settings {
  if (config === undefined) return settings
  if (!existsSync(config)) throw new ColloquyError('bad_config', `there is no module ${config}; give the path of one that exports kinds`)
  return { ...settings, CONFIG: config }
}

const foundJson = ({ address: { tenant, kind, id }, n, seq, cause, differences }: Found): object => ({
  tenant,
  kind,
  id,
  n,
  seq,
  cause,
  differences: differences.map(recordedAndToday),
})

const recordedAndToday = ({ path, expected, actual }: Difference): object => ({ path, recorded: expected, today: actual })

const summaryJson = ({ causes, ...summary }: CheckSummary, accepted: AcceptedDifferences): object => ({
  ...summary,
  causes: causes.map(({ first, ...cause }) => {
    const reason = accepted.get(cause.cause)?.reason
    return { ...cause, ...(reason !== undefined && { accepted: reason }), first: foundJson(first) }
  }),
  notFound: notFound(causes, accepted),
})

/** Accepted causes that no record has any more. */
const notFound = (causes: CheckSummary['causes'], accepted: AcceptedDifferences): string[] => {
  const found = new Set(causes.map(({ cause }) => cause))
  return [...accepted.keys()].filter((cause) => !found.has(cause))
}

interface Shown {
  /** Actors by cause. */
  readonly listed: ReadonlyMap<string, readonly string[]>
  readonly accepted: AcceptedDifferences
}

function print(out: Output, summary: CheckSummary, { listed, accepted }: Shown): void {
  const { paint } = out
  const { records, skipped, upToSeq } = summary
  const replayed = `${counted(records - skipped, 'record')} replayed, ${skipped} skipped, LOG up to ${upToSeq}`
  const meant = summary.causes.filter(({ cause }) => accepted.has(cause)).length
  const except = meant === 0 ? '' : `, with ${counted(meant, 'accepted cause')}`
  const same = paint('green', `${counted(summary.actors, 'actor')} would behave as recorded${except}`)
  if (summary.differing === 0) out.line(`${same} (${replayed})`)
  else {
    const differing = paint('red', `${summary.differing} of ${counted(summary.actors, 'actor')} would differ`)
    out.line(`${differing}, for ${counted(summary.causes.length - meant, 'cause')}${except} (${replayed})`)
  }
  for (const { cause, actors, records, first } of summary.causes) {
    const known = listed.get(cause) ?? []
    const more = actors > known.length ? `, and ${actors - known.length} more (--limit, --json)` : ''
    out.line()
    out.line(paint('bold', printable(cause)))
    const reason = accepted.get(cause)?.reason
    if (reason !== undefined) out.line(`  ${paint('green', 'accepted')}: ${printable(reason)}`)
    out.line(
      `  ${counted(actors, 'actor')}, ${counted(records, 'record')}; the first is record ${first.n} of ${actorKey(
        first.address,
      )}, LOG sequence ${first.seq}`,
    )
    for (const { path, expected, actual } of first.differences.slice(0, LINES_MAX)) {
      out.line(`    ${printable(path)}: recorded ${printable(valueText(expected))}, today ${printable(valueText(actual))}`)
    }
    if (known.length > 0) out.line(`  ${known.join(', ')}${more}`)
  }
  const gone = notFound(summary.causes, accepted)
  if (gone.length === 0) return
  out.line()
  out.line(paint('yellow', `Accepted, and in no record: ${counted(gone.length, 'cause')}. Take them out of the file:`))
  for (const cause of gone) out.line(`  ${printable(cause)}`)
}
