import type { Logger } from 'pino'
import type { z } from 'zod'
import type { SharedAnswer, SharedQuestion, TaskAnswers } from '../../actors/definition/task-answers.ts'
import type { CachedLevel } from '../../schemas/cached-from.ts'
import { messageOf } from '../../schemas/errors.ts'
import type { Caches } from '../cache/caches.ts'
import type { Cache, Filled } from '../cache/two-level-cache.ts'
import type { JetStreamContext } from '../jetstream/connection.ts'
import { rateLimitedWarn } from '../runtime/rate-limited-warn.ts'
import { type AnswerEntry, answerEntrySchema, ENTRY_VERSION, fitsQuestion, keyOfQuestion, passagesOf } from './answer-entry.ts'
import type { AnswersShadow } from './answers-shadow.ts'
import type { AskingTask } from './asking-task.ts'
import { type Basis, createReadBasis, hasRead, isSameBasis, newestIn, type OwnReadings, type ReadBasis } from './basis.ts'
import { dropOnChanges } from './drop-on-changes.ts'
import type { EntryReader, SimilarAnswers } from './similar-answers.ts'

/** Share of the memory of all caches. */
const SHARE = 0.25
/** A longer question is hardly asked twice. */
const QUESTION_CHARS_MAX = 1_024

/** The shared answers of a process. */
export interface SharedAnswers {
  of(task: AskingTask): TaskAnswers['shareAnswer']
  stop(): Promise<void>
}

/** Answers are not shared: each is made. */
export const noSharedAnswers: SharedAnswers = {
  of: () => async (_, make) => {
    await make()
    return undefined
  },
  stop: () => Promise.resolve(),
}

/** An entry; `null`: nobody may have what was made. `similarity`: the entry is that of another question, and is not kept for this one. */
export type KeptAnswer = (AnswerEntry & { readonly similarity?: number }) | null

export type AnswersCache = Cache<KeptAnswer>

/** The cache of answers. One is kept from the first asking on, in both levels: it has cost a language model. */
export const createAnswersCache = (caches: Caches): AnswersCache =>
  caches.create<KeptAnswer>({
    cache: 'answers',
    version: ENTRY_VERSION,
    share: SHARE,
    schema: answerEntrySchema,
    toJson: (entry) => entry,
    // Two bytes a character.
    bytesOf: (entry) => JSON.stringify(entry).length * 2,
    asksMin: { memory: 1, shared: 1 },
  })

export interface SharedAnswersDeps {
  readonly cache: AnswersCache
  readonly readBasis: ReadBasis
  /** Answers to other questions that say the same. Default: only equal questions share answers. */
  readonly similar?: SimilarAnswers | undefined
  /** With it no answer is given again: it is told of each. Default: answers are given. */
  readonly shadow?: AnswersShadow | undefined
  readonly log: Logger
}

/** Opens the answers of a process, which changes of a tenant's knowledge, prompts, intents and settings drop. */
export function openSharedAnswers(
  jetstream: Pick<JetStreamContext, 'jsm' | 'nc'>,
  deps: Omit<SharedAnswersDeps, 'readBasis'>,
): SharedAnswers {
  const drops = dropOnChanges(jetstream.nc, deps.cache, deps.log)
  return {
    of: createShareAnswer({ ...deps, readBasis: createReadBasis(jetstream) }),
    async stop() {
      await drops.stop()
      await deps.similar?.stop()
    },
  }
}

/** Creates `shareAnswer` of tasks; see `TaskAnswers` for what it guarantees. */
export function createShareAnswer({ cache, readBasis, similar, shadow, log }: SharedAnswersDeps): SharedAnswers['of'] {
  /** `undefined`: it cannot be read, so that nothing can be proved to be current. */
  const basisOf = async (tenant: string, promptName: string): Promise<Basis | undefined> => {
    try {
      return await readBasis(tenant, promptName)
    } catch (error) {
      rateLimitedWarn(log, { tenant, why: messageOf(error) }, 'what an answer rests on cannot be read from LOG; it is not shared')
      return undefined
    }
  }
  return (task) =>
    async <Schema extends z.ZodType>(question: SharedQuestion<Schema>, make: () => Promise<z.input<Schema> | undefined>) => {
      const { actor, seq } = task
      const { tenant, kind } = actor
      const { readFrom } = question.prompt
      if (seq === undefined || readFrom === undefined || question.text.length > QUESTION_CHARS_MAX) {
        await make()
        return undefined
      }
      const readings: OwnReadings = { ...readFrom, knowledgeSeq: question.knowledgeSeq }
      const readNow = (): Promise<Basis | undefined> => basisOf(tenant, readFrom.name)
      /** Whether an entry may be given as an answer to this question, as things are now. */
      const isCurrent = async (entry: AnswerEntry): Promise<boolean> => {
        if (!fitsQuestion(entry, question)) return false
        const now = await readNow()
        return now !== undefined && isSameBasis(entry.basis, now) && hasRead(readings, now)
      }
      /** Whether an answer to another question is current for those who ask that one. This task may be behind. */
      const restsOnNow = async (entry: KeptAnswer): Promise<boolean> => {
        const now = entry === null ? undefined : await readNow()
        return entry !== null && now !== undefined && isSameBasis(entry.basis, now)
      }
      const makeEntry = async (): Promise<KeptAnswer> => {
        const before = await readNow()
        const answer = await make()
        if (answer === undefined || before === undefined || !hasRead(readings, before) || newestIn(before) >= seq) return null
        const after = await readNow()
        if (after === undefined || !isSameBasis(before, after)) return null
        const { understanding, prompt } = question
        return { answer, seq, basis: after, understanding, promptVersion: prompt.promptVersion, passages: passagesOf(question) }
      }
      const read = (answer: unknown): z.output<Schema> | undefined => question.schema.safeParse(answer).data
      const given = (entry: NonNullable<KeptAnswer>, level: CachedLevel): SharedAnswer<z.output<Schema>> | undefined => {
        const answer = read(entry.answer)
        if (answer === undefined) return undefined
        const { seq: from, basis, similarity } = entry
        const cachedFrom = { seq: from, level, knowledgeSeq: basis.knowledge, ...(similarity !== undefined && { similarity }) }
        if (shadow === undefined) return { answer, cachedFrom }
        shadow(task, cachedFrom)
        return undefined
      }
      const similarReader: EntryReader = {
        async read(other) {
          const found = await cache.find(other, restsOnNow)
          return found === undefined || found.value === null ? undefined : { value: found.value, from: found.from }
        },
        mayBeGiven: isCurrent,
        textOf({ answer }) {
          const known = read(answer)
          return known === undefined ? undefined : question.textOf?.(known)
        },
      }

      const key = keyOfQuestion(tenant, kind, question)
      let isOwn = false
      let ofSimilar: SharedAnswer<z.output<Schema>> | undefined
      const fill = async (): Promise<Filled<KeptAnswer>> => {
        const found = await similar?.find(question, key, similarReader)
        if (found !== undefined) {
          const entry = { ...found.entry, similarity: found.similarity }
          ofSimilar = given(entry, found.level)
          // The answer stays that of the other question: no chain of similar questions leads away from it.
          if (ofSimilar !== undefined) return { value: entry, isCacheable: false }
        }
        isOwn = true
        const value = await makeEntry()
        if (value !== null) similar?.remember(question, key)
        return { value, isCacheable: value !== null }
      }
      try {
        const { value, from } = await cache.through(key, fill, async (entry) => entry === null || isCurrent(entry))
        if (isOwn || ofSimilar !== undefined) return ofSimilar
        // What was joined was not checked for this question if it began later.
        const isGiven = value !== null && from !== 'filled' && (from !== 'joined' || (await isCurrent(value)))
        if (isGiven && from !== 'joined') similar?.remember(question, key)
        const shared = isGiven ? given(value, from) : undefined
        if (shared !== undefined) return shared
      } catch (error) {
        if (isOwn) throw error
        // That of another task, which this one waited for.
        log.debug({ tenant, err: error }, 'the task that made an answer for several failed; this one makes its own')
      }
      await make()
      return undefined
    }
}
