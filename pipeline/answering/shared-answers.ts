import type { Logger } from 'pino'
import type { z } from 'zod'
import type { SharedAnswer, SharedQuestion, TaskAnswers } from '../../actors/definition/task-answers.ts'
import { messageOf } from '../../schemas/errors.ts'
import type { Address } from '../../schemas/subjects.ts'
import type { Caches } from '../cache/caches.ts'
import type { Cache, ServedFrom } from '../cache/two-level-cache.ts'
import type { JetStreamContext } from '../jetstream/connection.ts'
import { rateLimitedWarn } from '../runtime/rate-limited-warn.ts'
import { type AnswerEntry, answerEntrySchema, ENTRY_VERSION, fitsQuestion, keyOfQuestion, passagesOf } from './answer-entry.ts'
import { type Basis, createReadBasis, hasRead, isSameBasis, newestIn, type OwnReadings, type ReadBasis } from './basis.ts'
import { dropOnChanges } from './drop-on-changes.ts'

/** Share of the memory of all caches. */
const SHARE = 0.25
/** A longer question is hardly asked twice. */
const QUESTION_CHARS_MAX = 1_024

/** The task that asks for an answer. */
export interface AskingTask {
  readonly actor: Address
  /** LOG sequence of the record that started it; `undefined` where a dispatcher of an earlier version sent it: nothing is shared then. */
  readonly seq: number | undefined
}

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

/** An entry; `null`: nobody may have what was made. */
export type KeptAnswer = AnswerEntry | null

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
  readonly log: Logger
}

/** Opens the answers of a process, which changes of a tenant's knowledge, prompts, intents and settings drop. */
export function openSharedAnswers(
  jetstream: Pick<JetStreamContext, 'jsm' | 'nc'>,
  deps: Omit<SharedAnswersDeps, 'readBasis'>,
): SharedAnswers {
  const drops = dropOnChanges(jetstream.nc, deps.cache, deps.log)
  return { of: createShareAnswer({ ...deps, readBasis: createReadBasis(jetstream) }), stop: () => drops.stop() }
}

/** Creates `shareAnswer` of tasks; see `TaskAnswers` for what it guarantees. */
export function createShareAnswer({ cache, readBasis, log }: SharedAnswersDeps): SharedAnswers['of'] {
  /** `undefined`: it cannot be read, so that nothing can be proved to be current. */
  const basisOf = async (tenant: string, promptName: string): Promise<Basis | undefined> => {
    try {
      return await readBasis(tenant, promptName)
    } catch (error) {
      rateLimitedWarn(log, { tenant, why: messageOf(error) }, 'what an answer rests on cannot be read from LOG; it is not shared')
      return undefined
    }
  }
  return ({ actor: { tenant, kind }, seq }) =>
    async <Schema extends z.ZodType>(question: SharedQuestion<Schema>, make: () => Promise<z.input<Schema> | undefined>) => {
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
      const makeEntry = async (): Promise<KeptAnswer> => {
        const before = await readNow()
        const answer = await make()
        if (answer === undefined || before === undefined || !hasRead(readings, before) || newestIn(before) >= seq) return null
        const after = await readNow()
        if (after === undefined || !isSameBasis(before, after)) return null
        const { understanding, prompt } = question
        return { answer, seq, basis: after, understanding, promptVersion: prompt.promptVersion, passages: passagesOf(question) }
      }
      const given = (entry: AnswerEntry, level: Exclude<ServedFrom, 'filled'>): SharedAnswer<z.output<Schema>> | undefined => {
        const read = question.schema.safeParse(entry.answer)
        if (!read.success) return undefined
        return { answer: read.data, cachedFrom: { seq: entry.seq, level, knowledgeSeq: entry.basis.knowledge } }
      }

      let isOwn = false
      const fill = async () => {
        isOwn = true
        const value = await makeEntry()
        return { value, isCacheable: value !== null }
      }
      const key = keyOfQuestion(tenant, kind, question)
      try {
        // A place for the entry of another question that says the same: `cache.find(its key, isCurrent)`.
        const { value, from } = await cache.through(key, fill, async (entry) => entry === null || isCurrent(entry))
        if (isOwn) return undefined
        // What was joined was not checked for this question if it began later.
        const isGiven = value !== null && from !== 'filled' && (from !== 'joined' || (await isCurrent(value)))
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
