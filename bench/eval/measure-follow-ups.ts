import { pino } from 'pino'
import type { TaskCall } from '../../actors/definition/task-definition.ts'
import type { TaskSearchIndex } from '../../actors/definition/task-search.ts'
import type { LookupTask } from '../../actors/kinds/support/definition.ts'
import type { Language } from '../../actors/kinds/support/found.ts'
import { isRelevant } from '../../actors/kinds/support/relevance.ts'
import { firstAttempt } from '../../actors/testkit/first-attempt.ts'
import { recordsLive } from '../../actors/testkit/live-recorder.ts'
import { placedAt } from '../../actors/testkit/queue-stub.ts'
import { recommendsFromCatalogue } from '../../actors/testkit/recommending-stub.ts'
import { type Dialogue, lookupAfter, readDialogues, readSeveral, readUnanswerable, readUnrelated } from './dialogues.ts'

/** What the lookups of one way to search found, as shares from 0 to 1; `null` where there is no such message. */
export interface FollowUpFigures {
  readonly lang: Language
  /** Recall@1 of the follow-ups of the author of the rules and of the blind ones: with what came before, and without. */
  readonly withContext: number
  readonly without: number
  /** Of the parts: those of the author, those written without knowing the rules, and those that weights are chosen on. */
  readonly authorWithContext: number
  readonly blindWithContext: number
  readonly blindWithout: number
  readonly developmentWithContext: number
  readonly developmentWithout: number
  /** Recall@1 of questions that stand alone: alone, and after an unrelated one. */
  readonly alone: number
  readonly afterUnrelated: number
  /** Messages with two questions whose articles are both among the hits. */
  readonly several: number
  /** Answerable questions, and follow-ups, that are taken for a miss; unanswerable ones that are not. */
  readonly missed: number
  readonly missedFollowUps: number
  readonly wronglyAnswered: number
}

/** What the lookup runs with. */
export interface LookupDeps {
  readonly lookup: LookupTask
  readonly searchIndex: TaskSearchIndex
  readonly understand: TaskCall<unknown>['understand']
  readonly hasModels: TaskCall<unknown>['hasModels']
}

const log = pino({ level: 'silent' })
const share = (rows: readonly boolean[]): number => Math.round((rows.filter(Boolean).length / Math.max(1, rows.length)) * 1_000) / 1_000

/** Measures the lookup of `support` as its machine calls it, in one language. */
export async function measureFollowUps(lang: Language, deps: LookupDeps): Promise<FollowUpFigures> {
  const [followUps, unrelated, several, unanswerable] = [
    await readDialogues(lang),
    await readUnrelated(lang),
    await readSeveral(lang),
    await readUnanswerable(lang),
  ]
  const found = async (rows: readonly Pick<Dialogue, 'turns' | 'query'>[]) => {
    const all = []
    for (const { turns, query } of rows) all.push(await lookUp(deps, lookupAfter(turns, query), lang))
    return all
  }
  const bare = (rows: readonly Dialogue[]) => rows.map((row) => ({ ...row, turns: [] }))
  const isFirst = (rows: readonly Dialogue[], results: readonly Found[]) =>
    rows.map(({ relevant }, index) => relevant.includes(results[index]?.sources[0] ?? ''))
  const [inContext, alone, after, plain] = [
    await found(followUps),
    await found(bare(followUps)),
    await found(unrelated),
    await found(bare(unrelated)),
  ]
  const [inContextFirst, aloneFirst] = [isFirst(followUps, inContext), isFirst(followUps, alone)]
  const ofParts = (rows: readonly boolean[], ...parts: readonly Dialogue['part'][]): number =>
    share(rows.filter((_, index) => parts.includes(followUps[index]?.part ?? 'author')))
  const both = await found(several)
  return {
    lang,
    withContext: ofParts(inContextFirst, 'author', 'blind'),
    without: ofParts(aloneFirst, 'author', 'blind'),
    authorWithContext: ofParts(inContextFirst, 'author'),
    blindWithContext: ofParts(inContextFirst, 'blind'),
    blindWithout: ofParts(aloneFirst, 'blind'),
    developmentWithContext: ofParts(inContextFirst, 'development'),
    developmentWithout: ofParts(aloneFirst, 'development'),
    alone: share(isFirst(unrelated, plain)),
    afterUnrelated: share(isFirst(unrelated, after)),
    several: share(several.map(({ relevant }, index) => relevant.every((id) => both[index]?.sources.includes(id)))),
    missed: share(plain.map(({ isMiss }) => isMiss)),
    missedFollowUps: ofParts(
      inContext.map(({ isMiss }) => isMiss),
      'author',
      'blind',
    ),
    wronglyAnswered: share((await found(unanswerable.map(({ query }) => ({ query, turns: [] })))).map(({ isMiss }) => !isMiss)),
  }
}

interface Found {
  readonly sources: readonly string[]
  /** Whether the machine would say that it does not know. */
  readonly isMiss: boolean
}

async function lookUp(
  { lookup, searchIndex, understand, hasModels }: LookupDeps,
  input: ReturnType<typeof lookupAfter>,
  lang: Language,
): Promise<Found> {
  const output = lookup.output.parse(
    await lookup.run({
      // Without turns, a short message has no language of its own.
      input: lookup.input.parse(input.turns?.length === 0 ? { ...input, lang } : input),
      searchIndex,
      memory: searchIndex,
      understand,
      evaluate: () => Promise.reject(new Error('a lookup evaluates nothing')),
      generate: () => Promise.reject(new Error('a lookup without a model generates nothing')),
      tierFor: () => Promise.resolve(undefined),
      live: recordsLive('off'),
      hasModels,
      promptFor: () => Promise.reject(new Error('a lookup builds no prompt')),
      ...placedAt(),
      ...recommendsFromCatalogue(),
      log,
      ...firstAttempt,
      signal: new AbortController().signal,
      actor: { tenant: 'eval', kind: 'support', id: 'eval' },
    }),
  )
  const question = { text: input.text, understood: output.understood ?? null, lookups: output.lookups }
  return { sources: output.hits.map(({ source }) => source), isMiss: !isRelevant(question, output.hits, output.about) }
}
