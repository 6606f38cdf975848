import { existsSync } from 'node:fs'
import { Command } from 'commander'
import { valueText, type Difference } from '../../actors/core/value-differences.ts'
import type { Found } from '../../pipeline/replay-check/deviation-causes.ts'
import type { CheckSummary } from '../../pipeline/replay-check/replay-check.ts'
import { ColloquyError } from '../../schemas/errors.ts'
import { actorKey } from '../../schemas/subjects.ts'
import { withJetStream } from '../app/connect-to-running.ts'
import type { Settings } from '../settings.ts'
import { tokenArgument, wholeNumber } from './arguments.ts'
import { showCheckProgress } from './check-progress.ts'
import { JSON_FLAG, type CommandContext, type JsonOption } from '../app/command-context.ts'
import { printable, type Output } from '../app/terminal-output.ts'

interface Options extends JsonOption {
  readonly tenant?: string
  readonly kind?: string
  readonly sample?: number
  readonly fold?: true
  readonly limit: number
}

/** Actors listed of one cause; `--json` has them all. */
const LIMIT_DEFAULT = 20
/** Places shown in which the first record differs; `--json` has more. */
const LINES_MAX = 5
const MEMORY_BYTES_MAX = 256 * 1024 * 1024

export const checkCommand = ({ out, settings }: CommandContext): Command =>
  new Command('check')
    .description('replay recorded histories through the kinds as they are now, before they run: may I deploy this?')
    .argument('[config]', 'module that exports the kinds (default: COLLOQUY_CONFIG)')
    .option('--tenant <tenant>', 'actors of this tenant only', tokenArgument)
    .option('--kind <kind>', 'actors of this kind only', tokenArgument)
    .option('--sample <n>', 'so many actors, the same ones each time (default: all)', wholeNumber(1))
    .option('--fold', 'replay each actor from its first input on, each on what today\'s machine made of those before, up to the first difference')
    .option('--limit <n>', 'actors listed of each cause', wholeNumber(1), LIMIT_DEFAULT)
    .option(JSON_FLAG, 'one JSON object per actor and cause: {tenant, kind, id, n, seq, cause, differences}; then {summary}')
    .addHelpText('after', `
Without --fold, every recorded decision is made again on the actor as it was recorded then: what a deployment does with the next
input. It reads LOG only and may run beside a live system. What an earlier version of a kind left is compared as its migration
takes it over. The exit code is 1 where anything would differ.`)
    .action(async (config: string | undefined, options: Options) => {
      const { settings: effective } = settings()
      const kinds = await (await import('../app/load-kinds.ts')).loadKinds(withConfig(effective, config))
      const { checkLog } = await import('../../pipeline/replay-check/replay-check.ts')
      await withJetStream(effective, async (jetstream) => {
        const listed = new Map<string, string[]>()
        const onFound = (found: Found): void => {
          if (options.json) return out.json(foundJson(found))
          const actors = listed.get(found.cause) ?? []
          if (actors.length < options.limit) listed.set(found.cause, [...actors, actorKey(found.address)])
        }
        const progress = showCheckProgress(out)
        const { tenant, kind, sample, fold } = options
        const summary = await checkLog({
          jetstream, kinds, tenant, kind, sample, mode: fold ? 'fold' : 'each', memoryBytesMax: MEMORY_BYTES_MAX, onFound, onProgress: progress.update,
        }).finally(progress.stop)
        if (options.json) out.json({ summary: summaryJson(summary) })
        else print(out, summary, listed)
        if (summary.differing > 0) throw new ColloquyError('would_differ', `${counted(summary.differing, 'actor')} of ${summary.actors} would go on otherwise than recorded. Where that is meant, deploy it as a new version with a migration`)
      })
    })

function withConfig(settings: Settings, config: string | undefined): Settings {
  if (config === undefined) return settings
  if (!existsSync(config)) throw new ColloquyError('bad_config', `there is no module ${config}; give the path of one that exports kinds`)
  return { ...settings, CONFIG: config }
}

const foundJson = ({ address: { tenant, kind, id }, n, seq, cause, differences }: Found): object =>
  ({ tenant, kind, id, n, seq, cause, differences: differences.map(recordedAndToday) })

const recordedAndToday = ({ path, expected, actual }: Difference): object => ({ path, recorded: expected, today: actual })

const summaryJson = ({ causes, ...summary }: CheckSummary): object => ({
  ...summary, causes: causes.map(({ first, ...cause }) => ({ ...cause, first: foundJson(first) })),
})

const counted = (count: number, what: string): string => `${count} ${what}${count === 1 ? '' : 's'}`

function print(out: Output, summary: CheckSummary, listed: ReadonlyMap<string, readonly string[]>): void {
  const { paint } = out
  const looked = `${counted(summary.records - summary.skipped, 'record')} replayed, ${summary.skipped} skipped, LOG up to ${summary.upToSeq}`
  if (summary.differing === 0) return out.line(`${paint('green', `${counted(summary.actors, 'actor')} would go on as recorded`)} (${looked})`)
  out.line(`${paint('red', `${summary.differing} of ${counted(summary.actors, 'actor')} would differ`)}, for ${counted(summary.causes.length, 'cause')} (${looked})`)
  for (const { cause, actors, records, first } of summary.causes) {
    const known = listed.get(cause) ?? []
    const more = actors > known.length ? `, and ${actors - known.length} more (--limit, --json)` : ''
    out.line()
    out.line(paint('bold', printable(cause)))
    out.line(`  ${counted(actors, 'actor')}, ${counted(records, 'record')}; the first is record ${first.n} of ${actorKey(first.address)}, LOG sequence ${first.seq}`)
    for (const { path, expected, actual } of first.differences.slice(0, LINES_MAX)) {
      out.line(`    ${printable(path)}: recorded ${printable(valueText(expected))}, today ${printable(valueText(actual))}`)
    }
    if (known.length > 0) out.line(`  ${known.join(', ')}${more}`)
  }
}
