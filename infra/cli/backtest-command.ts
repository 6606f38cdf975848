import { Command, InvalidArgumentError } from 'commander'
import type { Kind, TaskDefinition } from '../../actors/definition/define-kind.ts'
import { backtest, type BacktestResult } from '../../pipeline/recommending/backtest.ts'
import { counted } from '../../schemas/counted.ts'
import { ColloquyError } from '../../schemas/errors.ts'
import { type RecommendSource, STRATEGIES, type Strategy } from '../../schemas/recommendation-query.ts'
import { type CommandContext, JSON_FLAG, type JsonOption } from '../app/command-context.ts'
import { withJetStream } from '../app/connect-to-running.ts'
import { loadKinds } from '../app/load-kinds.ts'
import { wholeNumber } from '../app/number-arguments.ts'
import type { Output } from '../app/terminal-output.ts'
import { tokenArgument } from './arguments.ts'
import { timeArgument, type TimeInZone } from './period-flags.ts'

interface Options extends JsonOption {
  readonly tenant: string
  readonly strategy?: readonly Strategy[]
  readonly from?: TimeInZone
  readonly to?: TimeInZone
  readonly k: number
}

const K_DEFAULT = 10
const UTC = 'UTC'

export const backtestCommand = ({ out, settings }: CommandContext): Command =>
  new Command()
    .argument('<kind>', 'kind of the visitors, such as interest', tokenArgument)
    .option('--tenant <tenant>', 'tenant of the visitors', tokenArgument, 'default')
    .option('--strategy <names>', `strategies, with commas between them, of ${STRATEGIES.join(', ')} (default: all)`, strategiesArgument)
    .option('--from <time>', 'lists given from this day or time on, in UTC without a zone (default: all)', timeArgument)
    .option('--to <time>', 'lists given before it (default: now)', timeArgument)
    .option('--k <count>', 'items of a list', wholeNumber(1), K_DEFAULT)
    .option(JSON_FLAG, 'one JSON object: {lists, judged, skipped, same, differing, strategies: [{strategy, hitRate, recall, coverage}]}')
    .addHelpText(
      'after',
      `
Each list is made again from the index as of the LOG sequence that the list names: nothing that came later counts. A list is judged by the
items of the visitor's next ten signals. The strategy that made a list must give the same one again; the exit code is 1 if any differs.`,
    )
    .action(async (kindName: string, options: Options) => {
      const { settings: effective } = settings()
      const { catalogue, items } = sourceOf((await loadKinds(effective)).get(kindName), kindName)
      await withJetStream(effective, async (jetstream) => {
        const result = await backtest({
          jetstream,
          name: { tenant: options.tenant, visitors: kindName, items },
          catalogue,
          strategies: options.strategy ?? STRATEGIES,
          k: options.k,
          from: options.from?.(UTC).toISOString(),
          to: options.to?.(UTC).toISOString(),
        })
        if (options.json) out.json(result)
        else print(out, result, options.k)
        if (result.same < result.lists) {
          throw new ColloquyError(
            'would_differ',
            `${counted(result.lists - result.same, 'list')} of ${result.lists} would be another one, the first at the LOG sequence `
              + `${result.differing[0]}: the catalogue of the kind or a strategy has changed since`,
          )
        }
      })
    })

/** How a kind recommends. @throws ColloquyError `bad_kind` if no task of it does */
function sourceOf(kind: Kind | undefined, name: string): RecommendSource {
  const tasks: readonly TaskDefinition[] = Object.values(kind?.tasks ?? {})
  const source = tasks.find(({ recommends }) => recommends !== undefined)?.recommends
  if (source !== undefined) return source
  throw new ColloquyError('bad_kind', `no task of the kind "${name}" states "recommends"; name a kind that recommends, such as interest`)
}

function strategiesArgument(text: string): Strategy[] {
  const isStrategy = (name: string): name is Strategy => STRATEGIES.some((one) => one === name)
  return text.split(',').map((name) => {
    if (isStrategy(name)) return name
    throw new InvalidArgumentError(`There is no strategy "${name}"; there are ${STRATEGIES.join(', ')}.`)
  })
}

function print(out: Output, { lists, judged, skipped, same, strategies }: BacktestResult, k: number): void {
  const left = skipped === 0 ? '' : `; ${counted(skipped, 'list')} more left out`
  out.line(`${counted(lists, 'list')}, ${judged} with signals afterwards${left}. ${same} made again exactly.`)
  if (judged === 0) return
  out.line(`${'strategy'.padEnd(12)}${`hit rate@${k}`.padStart(14)}${`recall@${k}`.padStart(12)}${'coverage'.padStart(12)}`)
  for (const { strategy, hitRate, recall, coverage } of strategies) {
    out.line(`${strategy.padEnd(12)}${percent(hitRate).padStart(14)}${percent(recall).padStart(12)}${percent(coverage).padStart(12)}`)
  }
}

const percent = (share: number): string => `${(share * 100).toFixed(1)} %`
