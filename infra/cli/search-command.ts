import { Command, Option } from 'commander'
import { SEARCH_MODES, type SearchHit, type SearchMode } from '../../pipeline/search/hybrid-search.ts'
import { FUSIONS, type Fusion } from '../../pipeline/search/fuse-ranks.ts'
import { SEARCH_AREAS, type SearchArea } from '../../pipeline/search/vector-store.ts'
import { httpAddress } from '../app/connect-to-running.ts'
import { createSearchClient } from '../../pipeline/search/search-client.ts'
import { tokenArgument } from './arguments.ts'
import { positiveNumber, wholeNumber } from '../app/number-arguments.ts'
import { JSON_FLAG, type CommandContext, type JsonOption } from '../app/command-context.ts'
import { printable, type Output } from '../app/terminal-output.ts'

interface Options extends JsonOption {
  readonly mode: SearchMode
  readonly tenant: string
  readonly in?: SearchArea
  readonly conversation?: string
  readonly kind?: string
  readonly source?: string
  readonly lang?: string
  readonly since?: string
  readonly until?: string
  readonly fusion?: Fusion
  readonly denseWeight?: number
  readonly halfLifeHours?: number
  readonly limit: number
}

/** Characters of a hit that people are shown. */
const SHOWN_CHARS_MAX = 300

export const searchCommand = ({ out, settings }: CommandContext): Command =>
  new Command('search')
    .description('find what was said or learned, by meaning and by word')
    .argument('<query>', 'what to look for')
    .addOption(new Option('--mode <mode>', 'how to look: by both, by nearness of vectors, by words').choices([...SEARCH_MODES]).default('hybrid'))
    .option('--tenant <tenant>', 'whose memory', tokenArgument, 'default')
    .addOption(new Option('--in <area>', 'where to look (default: everywhere)').choices([...SEARCH_AREAS]))
    .option('--conversation <id>', 'in one conversation only', tokenArgument)
    .option('--kind <kind>', 'of one kind of actor only', tokenArgument)
    .option('--source <source>', 'one message by its id, or what was learned from one source')
    .option('--lang <code>', 'in one language only, such as en or zh')
    .option('--since <time>', 'said from this time on, such as 2026-11-20T10:00:00Z')
    .option('--until <time>', 'said before this time')
    .addOption(new Option('--fusion <way>', 'how both ways are put together (default: weights)').choices([...FUSIONS]))
    .option('--dense-weight <share>', 'what nearness counts, from 0 to 1; words count the rest', Number)
    .option('--half-life-hours <hours>', 'a text counts half for every so many hours of its age', positiveNumber)
    .option('--limit <count>', 'hits, 100 at most', wholeNumber(1), 10)
    .option(JSON_FLAG, 'one JSON object: {hits: [{id, source, score, text, in, kind, actor, …}], model}')
    .addHelpText('after', `
Examples:
  colloquy search "where is my order" --tenant demo
  colloquy search "退款" --tenant demo --in messages --mode keyword
  colloquy search "broken parcel" --tenant demo --since 2026-11-01T00:00:00Z --half-life-hours 168`)
    .action(async (q: string, { json, ...options }: Options) => {
      const { settings: effective } = settings()
      const search = createSearchClient({ url: await httpAddress(effective), token: effective.HTTP_TOKEN })
      const answer = await search({ q, ...options })
      if (json) return out.json(answer)
      for (const hit of answer.hits) print(out, hit)
      if (answer.hits.length === 0) out.note(`Nothing found for the tenant ${options.tenant}.`)
      else if (answer.model === 'lexical' && options.mode !== 'keyword') out.note('The built-in model knows words, not meanings; COLLOQUY_EMBED_MODEL names another.')
    })

function print(out: Output, { score, kind, actor, source, at, text, highlights }: SearchHit): void {
  out.line(`${out.paint('green', score.toFixed(3))}  ${out.paint('bold', `${kind}/${actor}`)}  ${printable(source)}  ${at}`)
  let shown = ''
  let from = 0
  for (const [begin, end] of highlights) {
    if (end > SHOWN_CHARS_MAX) break
    shown += onOneLine(text.slice(from, begin)) + out.paint('yellow', onOneLine(text.slice(begin, end)))
    from = end
  }
  const rest = text.slice(from, Math.max(from, SHOWN_CHARS_MAX)).toWellFormed()
  out.line(`  ${shown}${onOneLine(rest)}${text.length > SHOWN_CHARS_MAX ? '…' : ''}`)
}

const onOneLine = (text: string): string => printable(text.replaceAll(/\s*\n\s*/g, ' ⏎ '))
