import { Command, Option } from 'commander'
import { type Fusion, FUSIONS } from '../../pipeline/search/fuse-ranks.ts'
import type { SearchAnswer, SearchHit } from '../../pipeline/search/search-answer.ts'
import { createSearchClient } from '../../pipeline/search/search-client.ts'
import { SEARCH_MODES, type SearchMode, searchRequestSchema } from '../../pipeline/search/search-request.ts'
import { SEARCH_AREAS, type SearchArea } from '../../pipeline/search/vector-store.ts'
import { counted } from '../../schemas/counted.ts'
import { ColloquyError, hasCode, messageOf } from '../../schemas/errors.ts'
import { type CommandContext, JSON_FLAG, type JsonOption } from '../app/command-context.ts'
import { httpAddress } from '../app/connect-to-running.ts'
import { positiveNumber, shareArgument, wholeNumber } from '../app/number-arguments.ts'
import { readStatus } from '../app/system-status.ts'
import { onOneLine, type Output, printable } from '../app/terminal-output.ts'
import type { Settings } from '../settings.ts'
import { searchTagsArgument, tokenArgument } from './arguments.ts'
import { whyAnswer, whyHit } from './search-explanation.ts'

interface Options extends JsonOption {
  readonly mode: SearchMode
  readonly tenant: string
  readonly in?: SearchArea
  readonly conversation?: string
  readonly kind?: string
  readonly source?: string
  readonly tag?: readonly string[]
  readonly lang?: string
  readonly since?: string
  readonly until?: string
  readonly fusion?: Fusion
  readonly denseWeight?: number
  readonly halfLifeHours?: number
  readonly limit: number
  readonly all?: boolean
  readonly scoreMin?: number
  readonly rrfK?: number
  readonly rerank: boolean
  readonly explain?: boolean
}

/** A refused request, with the flag in place of the field that the error names. */
const withFlags = (cause: unknown): ColloquyError => {
  const text = messageOf(cause).replace(/^(\w+)(?=[:.])/, (field) => FLAGS[field] ?? field)
  return new ColloquyError('bad_query', text.replaceAll(/\bdenseWeight\b/g, '--dense-weight'), { cause })
}

const flagOf = (name: string): string => `--${name.replaceAll(/[A-Z]/g, (capital) => `-${capital.toLowerCase()}`)}`
const FLAGS: Readonly<Record<string, string>> = {
  q: 'the query',
  ...Object.fromEntries(Object.keys(searchRequestSchema.shape).flatMap((name) => (name === 'q' ? [] : [[name, flagOf(name)]]))),
}

const SKIPPED = { late: 'was slower than its budget', failed: 'failed' } as const

/** Characters shown of a hit. */
const SHOWN_CHARS_MAX = 300

export const searchCommand = ({ out, settings }: CommandContext): Command =>
  new Command()
    .argument('<query>', 'what to look for')
    .addOption(new Option('--mode <mode>', 'search by both, by vectors, or by words').choices([...SEARCH_MODES]).default('hybrid'))
    .option('--tenant <tenant>', 'tenant to search', tokenArgument, 'default')
    .addOption(new Option('--in <area>', 'what to search (default: everything)').choices([...SEARCH_AREAS]))
    .option('--conversation <id>', 'only in this conversation', tokenArgument)
    .option('--kind <kind>', 'only in actors of this kind', tokenArgument)
    .option('--source <source>', 'only this message (by its id), or this source of knowledge')
    .option('--tag <key=value>', 'only documents learned with this tag; repeat it: all keys, one value of each', searchTagsArgument)
    .option('--lang <code>', 'only in this language, such as en or zh')
    .option('--since <time>', 'only from this time on, such as 2026-11-20T10:00:00Z')
    .option('--until <time>', 'only before this time')
    .addOption(
      new Option('--fusion <way>', 'how both rankings are merged (default: auto; weights with --dense-weight)').choices([...FUSIONS]),
    )
    .option('--dense-weight <share>', 'fixed weight of vectors, from 0 to 1; words get the rest', shareArgument)
    .option('--half-life-hours <hours>', "halve the score for each such span of a text's age", positiveNumber)
    .option('--limit <count>', 'number of hits, at most 100', wholeNumber(1), 10)
    .option('--all', 'also show near-duplicates of better hits')
    .option('--score-min <score>', 'leave out hits with a lower score, from 0 to 1 (default: COLLOQUY_SEARCH_SCORE_MIN)', shareArgument)
    .option('--rrf-k <k>', 'smoothing constant of --fusion rrf (default: COLLOQUY_SEARCH_RRF_K)', positiveNumber)
    .option('--no-rerank', 'keep the order of the search, also where COLLOQUY_RERANK_MODEL is set')
    .option('--explain', 'tell what lifted and what lowered each hit')
    .option(JSON_FLAG, 'one JSON object: {hits: [{id, source, score, text, in, kind, actor, …}], duplicates, model}')
    .addHelpText(
      'after',
      `
Examples:
  colloquy search "where is my order" --tenant demo
  colloquy search "退款" --tenant demo --in messages --mode keyword
  colloquy search "退货" --tenant demo --tag product=otter --tag lang=zh
  colloquy search "broken parcel" --tenant demo --since 2026-11-01T00:00:00Z --half-life-hours 168
  colloquy search "broken parcel" --tenant demo --score-min 0.3 --explain`,
    )
    .action(async (q: string, { json, rerank, ...options }: Options) => {
      const { settings: effective } = settings()
      const search = createSearchClient({ url: await httpAddress(effective), token: effective.HTTP_TOKEN })
      const answer = await search({ q, ...options, ...(!rerank && { rerank }) }).catch((error: unknown) => {
        throw hasCode(error, 'bad_query') ? withFlags(error) : error
      })
      if (json) return out.json(answer)
      for (const hit of answer.hits) print(out, hit, answer.model)
      for (const line of whyAnswer(answer)) out.note(line)
      if (answer.reranked !== undefined && 'skipped' in answer.reranked) {
        out.note(`The re-ranker ${answer.reranked.model} ${SKIPPED[answer.reranked.skipped]}; this is the order of the search itself.`)
      }
      if (answer.hits.length === 0) {
        const below = answer.belowMin ?? 0
        const why = below > 0 ? ` ${counted(below, 'hit')} below the least score; --score-min lowers it.` : await indexLag(effective)
        out.note(`Nothing found for the tenant ${options.tenant}${withTags(options.tag)}.${why}`)
      } else if (answer.model === 'lexical' && options.mode !== 'keyword') {
        out.note('The built-in model matches words, not meaning; set COLLOQUY_EMBED_MODEL to use another.')
      }
      if (answer.duplicates > 0) {
        out.note(
          `${answer.duplicates} ${answer.duplicates === 1 ? 'near-duplicate is' : 'near-duplicates are'} not shown; --all shows them.`,
        )
      }
    })

const withTags = (tags: readonly string[] = []): string => (tags.length === 0 ? '' : ` in documents with ${printable(tags.join(', '))}`)

/** Why a search may find nothing yet: the index is behind LOG. Empty if it is not, or if that cannot be told. */
async function indexLag(settings: Settings): Promise<string> {
  const embed = await readStatus(settings).then(
    ({ stages }) => stages.embed,
    () => undefined,
  )
  if (embed === undefined || embed.lag === 0) return ''
  return ` The search index is being built and is ${counted(embed.lag, 'record')} behind (${embed.detail}); search again later.`
}

function print(out: Output, hit: SearchHit, model: SearchAnswer['model']): void {
  const { score, kind, actor, source, at, text, highlights } = hit
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
  if (hit.explain !== undefined) out.line(`  ${out.paint('cyan', whyHit(hit, model))}`)
}
