import pino from 'pino'
import { type Actor, actorAfter, newActor } from '../../actors/core/actor.ts'
import { decide } from '../../actors/core/decide.ts'
import type { Decision, Message } from '../../actors/core/decision.ts'
import { type Kind, kindsByName } from '../../actors/definition/kind.ts'
import type { TaskCall } from '../../actors/definition/task-definition.ts'
import type { TaskGeneration } from '../../actors/definition/task-generation.ts'
import type { TaskPrompts } from '../../actors/definition/task-prompts.ts'
import type { Answer } from '../../actors/kinds/support/definition.ts'
import type { Hit } from '../../actors/kinds/support/found.ts'
import { createSupport, type SupportOptions } from '../../actors/kinds/support/kind.ts'
import { loadArticles } from '../../actors/kinds/support/knowledge.ts'
import type { UnderstoodMessage } from '../../actors/kinds/support/understood.ts'
import { firstAttempt } from '../../actors/testkit/first-attempt.ts'
import { generates } from '../../actors/testkit/generation-stub.ts'
import { recordsLive } from '../../actors/testkit/live-recorder.ts'
import { builtInPrompts } from '../../actors/testkit/prompt-stub.ts'
import { placedAt } from '../../actors/testkit/queue-stub.ts'
import { recommendsFromCatalogue } from '../../actors/testkit/recommending-stub.ts'
import { evaluateByRules } from '../../pipeline/quality/evaluate-by-rules.ts'
import type { Act } from '../../schemas/dialogue-acts.ts'
import type { Emitted, LogRecord, Started } from '../../schemas/record.ts'
import { emptySearchIndex, message, reread, timeAt, understandByActs } from './core-helpers.ts'

export const articles = loadArticles()
export const support = createSupport({ articles })
const log = pino({ level: 'silent' })

/** Hits and an answer for tests in which their content does not matter. */
export const someHits: Hit[] = [{ source: 'a-en', title: 'A', text: 'All about A.', lang: 'en', score: 0.9 }]
export const someAnswer: Answer = { text: 'This is A.', sources: [{ source: 'a-en', score: 0.9 }] }

/** What a lookup understood, for tests in which only the act matters. */
export const understoodAs = (act: Act): UnderstoodMessage => ({
  act,
  actConfidence: 0.9,
  intents: [],
  because: ['a sign'],
  topic: null,
  version: 'acts@1',
})

export interface HarnessOptions {
  /** Default: by acts alone. */
  readonly understand?: TaskCall<unknown>['understand']
  /** Language models. Default: none. */
  readonly generation?: TaskGeneration
  /** Default: the built-in texts. */
  readonly prompts?: TaskPrompts
  /** Default: nothing is known of any. */
  readonly customer?: TaskCall<unknown>['customer']
  /** The actor before the first message, with the pending task of its state. Default: a new one. */
  readonly from?: { readonly actor: Actor; readonly started: readonly Started[] }
}

/** One case under the pure core: time follows from the position, and every record passes through JSON as it would through LOG. */
export function createSupportHarness(
  kind: Kind = support,
  {
    understand = understandByActs,
    generation = generates(),
    prompts = builtInPrompts(),
    customer = firstAttempt.customer,
    from,
  }: HarnessOptions = {},
) {
  const kinds = kindsByName([kind])
  const records: LogRecord[] = []
  const messages: Message[] = []
  const started = new Map<string, Started>((from?.started ?? []).map((start) => [start.run, start]))
  let actor: Actor = from?.actor ?? newActor({ tenant: 'acme', kind: kind.name, id: 'c1' })
  let seq = actor.n

  function take(body: object, origin: Message['origin']): Decision {
    seq += 1
    const at = message(seq, body, { origin })
    messages.push(at)
    const decision = decide(kinds, actor, at, { now: timeAt(seq), low: 0, lastSeq: actor.n }, true)
    if (decision.kind !== 'record') return decision
    const record = reread(decision.record)
    if (record.outcome !== 'committed') throw new Error(`rejected as ${record.reason}: ${record.error}`)
    records.push(record)
    for (const start of record.started) started.set(start.run, start)
    actor = actorAfter(actor.address, record)
    return decision
  }

  const pending = (): Started => {
    const run = Object.keys(actor.state?.tasks ?? {})[0]
    const start = run === undefined ? undefined : started.get(run)
    if (start === undefined) throw new Error(`no task is pending in ${harness.state}`)
    return start
  }
  const outcome = (run: string) => ({ run, attempts: 1, queueMs: 0, durationMs: 1 })

  const harness = {
    records,
    messages,
    get actor() {
      return actor
    },
    get state() {
      return records.at(-1)?.to ?? ''
    },
    get label() {
      return actor.label
    },
    get last(): LogRecord {
      const record = records.at(-1)
      if (record === undefined) throw new Error('nothing has happened yet')
      return record
    },
    get emitted(): Emitted[] {
      return records.flatMap((record) => record.emitted)
    },
    get pendingTask() {
      return pending()
    },

    event: (type: string, data: object, more: object = {}, origin: Message['origin'] = 'producer') => take({ type, data, ...more }, origin),
    says: (role: string, text: string, id = `m${seq + 1}`) => take({ type: 'message.received', id, data: { role, text } }, 'producer'),
    user: (text: string, id?: string) => harness.says('user', text, id),
    result: (output: unknown, run = pending().run) => take({ type: 'task.done', ...outcome(run), output }, 'internal'),
    fail: (run = pending().run) => take({ type: 'task.failed', ...outcome(run), error: { code: 'http_500', message: 'no' } }, 'internal'),
    expire: (run = pending().run) => take({ type: 'task.expired', run }, 'internal'),
    fire: (run = Object.keys(actor.state?.timers ?? {})[0]) => take({ type: 'timer.fired', run }, 'internal'),

    /** Runs the pending task as the runner would. */
    async work(): Promise<void> {
      const { run, task, input } = pending()
      const definition = kind.tasks[task]
      if (definition === undefined) throw new Error(`no task ${task}`)
      const call = {
        input: definition.input.parse(input),
        ...firstAttempt,
        customer,
        key: run,
        signal: new AbortController().signal,
        log,
        actor: actor.address,
        searchIndex: emptySearchIndex,
        memory: emptySearchIndex,
        understand,
        evaluate: evaluateByRules,
        live: recordsLive(),
        ...generation,
        ...prompts,
        ...placedAt(),
        ...recommendsFromCatalogue(),
      }
      const output = await definition.run(call)
      harness.result(definition.output.parse(JSON.parse(JSON.stringify(output))), run)
    },
    /** A customer's message, and all that follows from it. */
    async ask(text: string, id?: string): Promise<Emitted[]> {
      const before = harness.emitted.length
      harness.user(text, id)
      while (Object.keys(actor.state?.tasks ?? {}).length > 0) await harness.work()
      return harness.emitted.slice(before)
    },
  }
  return harness
}

export const supportHarnessWith = (options: Omit<SupportOptions, 'articles'>, more: HarnessOptions = {}) =>
  createSupportHarness(createSupport({ articles, ...options }), more)
