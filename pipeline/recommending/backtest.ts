import { isDeepStrictEqual } from 'node:util'
import { z } from 'zod'
import { indexOf, type ItemIndex } from '../../actors/recommending/item-index.ts'
import { indexChangesOf } from '../../actors/recommending/item-index-changes.ts'
import { recommend } from '../../actors/recommending/recommend.ts'
import { signalWeight } from '../../actors/recommending/signals.ts'
import { type RecommendQuery, STRATEGIES, type Strategy, type Visitor, visitorSchema } from '../../schemas/recommendation-query.ts'
import type { LogRecord } from '../../schemas/record.ts'
import { actorKey } from '../../schemas/subjects.ts'
import type { JetStreamContext } from '../jetstream/connection.ts'
import { recordsOfKind } from '../jetstream/last-record.ts'
import { logParser } from '../jetstream/log-message.ts'
import { streamInfo } from '../jetstream/stream-info.ts'
import { readPass } from '../replay-check/log-passes.ts'
import { subjectsOf } from './index-follower.ts'
import type { IndexName } from './saved-indexes.ts'

/** Options of `backtest`. */
export interface BacktestOptions {
  readonly jetstream: JetStreamContext
  readonly name: IndexName
  readonly catalogue: RecommendQuery['catalogue']
  readonly strategies: readonly Strategy[]
  /** Items of a list. */
  readonly k: number
  /** Lists that were given from `from` on and before `to`; ISO. Default: all. */
  readonly from?: string | undefined
  readonly to?: string | undefined
}

/** How a strategy would have fared. */
export interface StrategyResult {
  readonly strategy: Strategy
  /** Share of the lists with at least one item that the visitor chose next. */
  readonly hitRate: number
  /** Mean share of the items that the visitor chose next. */
  readonly recall: number
  /** Share of the catalogue that was in at least one list. */
  readonly coverage: number
}

/** The result of a back-test. */
export interface BacktestResult {
  /** Recorded lists in the period. */
  readonly lists: number
  /** Those whose visitor did something with an item afterwards: the others say nothing about a strategy. */
  readonly judged: number
  /** Lists beyond `LISTS_MAX`, which were left out. */
  readonly skipped: number
  /** Recorded lists that their own strategy gave again, item by item, score by score, and the LOG sequences of those that differ. */
  readonly same: number
  readonly differing: readonly number[]
  readonly strategies: readonly StrategyResult[]
}

/** Max lists of a back-test. */
export const LISTS_MAX = 50_000
/** Signals after a list that count as what the visitor chose next. */
const NEXT_MAX = 10
const DIFFERING_MAX = 100

const outputSchema = z.object({
  items: z.array(z.object({ item: z.string() }).loose()),
  strategy: z.enum(STRATEGIES),
  indexSeq: z.int().nonnegative(),
})

/** A list as it was recorded. */
interface RecordedList {
  /** LOG sequence of the record with the list. */
  readonly seq: number
  readonly visitor: Visitor
  readonly output: z.infer<typeof outputSchema>
  /** Items of the visitor's next signals. */
  readonly next: Set<string>
  signals: number
}

/**
 * Makes the recorded lists of a period again, each from the index as of its sequence, by their own strategy and by others, and compares
 * them with what the visitors did next. Reads LOG twice, and changes nothing.
 */
export async function backtest(options: BacktestOptions): Promise<BacktestResult> {
  const upToSeq = (await streamInfo(options.jetstream.jsm, 'LOG')).state.last_seq
  const { lists, skipped } = await readLists(options, upToSeq)
  const judged = lists.filter(({ next }) => next.size > 0)
  const results = options.strategies.map((strategy) => ({ strategy, hits: 0, recall: 0, shown: new Set<string>() }))
  const differing: number[] = []
  let same = 0
  const listed = await atEach(options, lists, upToSeq, (index, { seq, visitor, output, next }) => {
    const again = recommend(index, visitor, output.strategy)
    if (index.seq === output.indexSeq && isDeepStrictEqual(again, output.items)) same++
    else if (differing.length < DIFFERING_MAX) differing.push(seq)
    for (const result of results) {
      const items = recommend(index, { ...visitor, count: options.k }, result.strategy).map(({ item }) => item)
      for (const item of items) result.shown.add(item)
      const hits = items.filter((item) => next.has(item)).length
      if (next.size === 0) continue
      result.hits += hits > 0 ? 1 : 0
      result.recall += hits / next.size
    }
  })
  const share = (part: number, of: number): number => (of === 0 ? 0 : part / of)
  return {
    lists: lists.length,
    judged: judged.length,
    skipped,
    same,
    differing,
    strategies: results.map(({ strategy, hits, recall, shown }) => ({
      strategy,
      hitRate: share(hits, judged.length),
      recall: share(recall, judged.length),
      coverage: share(shown.size, listed),
    })),
  }
}

/** Reads the lists of the period, with what their visitors did next. */
async function readLists({ jetstream, name, from, to }: BacktestOptions, upToSeq: number) {
  const parse = await logParser(jetstream)
  const inputs = new Map<string, Visitor>()
  const open = new Map<string, RecordedList[]>()
  const lists: RecordedList[] = []
  let skipped = 0
  for await (const message of readPass(jetstream, { filterSubjects: [recordsOfKind(name.visitors, name.tenant)] }, upToSeq)) {
    const { record, seq, address } = parse(message)
    if (record === undefined || record.outcome !== 'committed') continue
    for (const { run, input } of record.started) {
      const visitor = visitorSchema.safeParse(input)
      if (visitor.success) inputs.set(run, visitor.data)
    }
    const key = actorKey(address)
    const item = (signalWeight(record.input.type, record.input.data) ?? 0) > 0 ? record.input.data?.['item'] : undefined
    if (typeof item === 'string') open.set(key, chosen(open.get(key) ?? [], item))
    const given = listIn(record, inputs)
    for (const { run } of record.ended) inputs.delete(run)
    const isInPeriod = (from === undefined || record.at >= from) && (to === undefined || record.at < to)
    if (given === undefined || !isInPeriod) continue
    if (lists.length === LISTS_MAX) {
      skipped++
      continue
    }
    const list: RecordedList = { seq, ...given, next: new Set(), signals: 0 }
    lists.push(list)
    open.set(key, [...(open.get(key) ?? []), list])
  }
  return { lists: lists.sort((one, other) => one.output.indexSeq - other.output.indexSeq || one.seq - other.seq), skipped }
}

/** The lists that wait for more signals, after one. */
function chosen(lists: readonly RecordedList[], item: string): RecordedList[] {
  for (const list of lists) {
    list.next.add(item)
    list.signals++
  }
  return lists.filter(({ signals }) => signals < NEXT_MAX)
}

/** The list that a record has from a task, with the input of the task. */
function listIn({ input, ended }: Pick<LogRecord, 'input' | 'ended'>, inputs: ReadonlyMap<string, Visitor>) {
  const output = outputSchema.safeParse(input.data?.['output'])
  const visitor = ended.map(({ run }) => inputs.get(run)).find((found) => found !== undefined)
  return output.success && visitor !== undefined ? { visitor, output: output.data } : undefined
}

/** Calls `judge` for each list with the index as of its sequence. Returns the number of items in the catalogue at the end. */
async function atEach(
  { jetstream, name, catalogue }: BacktestOptions,
  lists: readonly RecordedList[],
  upToSeq: number,
  judge: (index: ItemIndex, list: RecordedList) => void,
): Promise<number> {
  const parse = await logParser(jetstream)
  const index = indexOf(catalogue)
  let at = 0
  const judgeBefore = (seq: number): void => {
    for (let list = lists[at]; list !== undefined && list.output.indexSeq < seq; list = lists[++at]) judge(index, list)
  }
  for await (const message of readPass(jetstream, { filterSubjects: subjectsOf(name) }, upToSeq)) {
    const { record, seq } = parse(message)
    judgeBefore(seq)
    if (record !== undefined) index.apply(seq, indexChangesOf(record))
  }
  judgeBefore(Infinity)
  return index.items.filter(({ state }) => state === 'listed').length
}
