import { AckPolicy, type ConsumerMessages, type JsMsg } from '@nats-io/jetstream'
import type { KV } from '@nats-io/kv'
import { nanos } from '@nats-io/transport-node'
import type { Logger } from 'pino'
import type { Kind, Kinds, TaskCall, TaskDefinition } from '../../actors/definition/define-kind.ts'
import type { TaskSearchIndex } from '../../actors/definition/task-search.ts'
import { ColloquyError } from '../../schemas/errors.ts'
import { type InternalInput, type TaskMessage, taskMessageSchema } from '../../schemas/internal-messages.ts'
import { parseJson } from '../../schemas/json.ts'
import { abortSubject, actorKey, type Address, internalSubject, liveSubject, taskSubjectsOf } from '../../schemas/subjects.ts'
import type { WaitingCases } from '../../schemas/waiting-cases.ts'
import type { SharedAnswers } from '../answering/shared-answers.ts'
import type { FanOuts } from '../fan-out/fan-out.ts'
import { createHookKeys, nameOfCaller } from '../hooks/hook-key.ts'
import type { JetStreamContext } from '../jetstream/connection.ts'
import { watchConnection } from '../jetstream/connection-events.ts'
import { isJetStreamError } from '../jetstream/jetstream-codes.ts'
import { publishWithRetry } from '../jetstream/publish-with-retry.ts'
import type { Generate } from '../models/generate.ts'
import type { TierFor } from '../models/plan-generation.ts'
import type { ProfilesReader } from '../profiles/profiles-reader.ts'
import type { PromptsReader } from '../prompts/prompts-reader.ts'
import type { Evaluate } from '../quality/evaluator.ts'
import type { Recommend } from '../recommending/tenant-indexes.ts'
import type { Metrics } from '../runtime/metrics.ts'
import { rateLimitedWarn } from '../runtime/rate-limited-warn.ts'
import { askWithRetry } from '../runtime/retry.ts'
import type { StageRun } from '../runtime/stage.ts'
import { createMeasuredRuns, createServiceTimesReader, queueName } from '../task-queues/measured-runs.ts'
import { createPlaceTeller } from '../task-queues/place-teller.ts'
import { createQueuePlaces } from '../task-queues/queue-places.ts'
import { createTenantTurns, SENT_BACK_MAX } from '../task-queues/tenant-turns.ts'
import type { StreamModeOf } from '../tenants/stream-mode-reader.ts'
import type { TopicFor } from '../topics/tenant-topics.ts'
import type { Understand } from '../understanding/understand.ts'
import { runKindCode } from '../watchdog/kind-code.ts'
import { createEventLoopWatchdog } from './event-loop-watchdog.ts'
import { createLivePublisher } from './live-publisher.ts'
import { createLiveWriter } from './live-writer.ts'
import type { ObjectStore } from './object-store.ts'
import { type AttemptsBefore, type Outcome, runTask } from './run-task.ts'
import { endsOfRun, excusedDeliveries, loadTaskEnds } from './task-ends.ts'
import { createRunProgress, progressOf, removeOldProgress } from './task-progress.ts'

/** Options of `startTaskRunner`. */
export interface RunnerOptions {
  readonly jetstream: JetStreamContext
  readonly kv: KV
  /** Name of the bucket of `kv`. */
  readonly bucket: string
  readonly kinds: Kinds
  /** The search index for tasks of an actor. */
  readonly searchIndexOf: (actor: Address) => TaskSearchIndex
  readonly understand: Understand
  readonly evaluate: Evaluate
  readonly generate: Generate
  readonly tierFor: TierFor
  /** Answers that are given to all of a tenant who ask the same. */
  readonly answers: Pick<SharedAnswers, 'of'>
  readonly streamModeOf: StreamModeOf
  readonly hasModels: TaskCall<unknown>['hasModels']
  readonly promptFor: PromptsReader['promptFor']
  readonly objects: ObjectStore
  readonly fanOuts: FanOuts
  readonly recommend: Recommend
  readonly vectorOf: TaskCall<unknown>['vectorOf']
  readonly topicFor: TopicFor
  readonly customerOf: ProfilesReader['of']
  readonly waitingCasesOf: (desk: Address, query: Parameters<TaskCall<unknown>['waitingCases']>[0]) => Promise<WaitingCases>
  readonly glossaryOf: (tenant: string) => ReturnType<TaskCall<unknown>['glossary']>
  /** Milliseconds since 1970. */
  readonly now: () => number
  readonly log: Logger
  readonly metrics: Metrics
}

/**
 * The longest timer of Node: a longer one fires at once. A deadline is so far away only if the clock was ahead when the task was started.
 */
const TIMEOUT_MS_MAX = 2 ** 31 - 1
/** After this time without an acknowledgement, the server assigns a task to another runner. */
const ACK_WAIT_MS = 10_000
/** Max tasks of one name that a runner fetches ahead. */
const FETCH_MAX = 64
/** Min block of the event loop by a task that is logged. */
const BLOCKED_MS_MIN = 500
/** A queue that misses two heartbeats is reopened. */
const HEARTBEAT_MS = 1_000

/**
 * Starts the task runner, which runs the tasks that machines invoke and sends their outcomes to INBOX. It acknowledges a task only after
 * INBOX has stored the outcome. The server enforces the concurrency limit of a task, so that it holds for the whole cluster.
 */
export async function startTaskRunner(options: RunnerOptions): Promise<StageRun> {
  const { jetstream, kv, kinds, log, metrics } = options
  const stopping = new AbortController()
  const runs = new Map<string, AbortController>()
  const working = new Set<Promise<void>>()
  const queues = new Set<ConsumerMessages>()
  const { promise: failed, reject: fail } = Promise.withResolvers<never>()
  const livePublisher = createLivePublisher(jetstream.nc)
  const measured = createMeasuredRuns(kv, log)
  const places = createQueuePlaces(jetstream, createServiceTimesReader(kv))
  const teller = createPlaceTeller({
    places,
    publish: (actor, message) => livePublisher.publish(liveSubject(actor), JSON.stringify(message)),
    log,
  })
  const watchdog = createEventLoopWatchdog({ log, now: () => performance.now(), blockedMsMin: BLOCKED_MS_MIN })
  const hookKeyOf = createHookKeys(kv)
  let handled = 0

  const aborts = jetstream.nc.subscribe(abortSubject('*'), {
    callback: (_, message) => runs.get(message.subject.slice(abortSubject('').length))?.abort(),
  })

  const publishOutcome = async (
    address: Address,
    message: TaskMessage,
    startedAt: number,
    outcome: Exclude<Outcome, { kind: 'given_up' }>,
  ): Promise<void> => {
    const { run, correlationid, traceparent } = message
    const report = {
      run,
      correlationid,
      traceparent,
      attempts: outcome.attempts,
      queueMs: Math.max(0, startedAt - Date.parse(message.startedAt)),
      durationMs: Math.max(0, options.now() - startedAt),
    }
    const result: InternalInput =
      outcome.kind === 'done'
        ? { type: 'task.done', ...report, attemptError: outcome.attemptError, output: outcome.output }
        : { type: 'task.failed', ...report, error: outcome.error }
    const deps = { publisher: jetstream.publisher, log, metrics, signal: stopping.signal }
    // Without a message id: a producer's message with the same id would make INBOX drop the outcome.
    await publishWithRetry(deps, internalSubject(address), JSON.stringify(result))
    metrics.stageOut.inc({ stage: 'tasks' })
  }

  const progressDeps = { kv, bucket: options.bucket, jsm: jetstream.jsm, log, now: options.now }
  /** Attempts of earlier runners, without those that ended because of another run. */
  const attemptsBefore = async (
    { hasTenantTurns }: TaskDefinition,
    { run, startedAt }: TaskMessage,
    deliveries: number,
  ): Promise<AttemptsBefore> => {
    if (deliveries === 1) return { count: 0, ends: [] }
    const retrying = { log, signal: stopping.signal }
    if (hasTenantTurns === true) {
      // Most deliveries of such a run only sent it back.
      const own = await askWithRetry(retrying, 'the ends of a task', () => endsOfRun(kv, run))
      return { count: own.length, ends: own.map(({ what }) => what) }
    }
    const all = await askWithRetry(retrying, 'the ends of task threads', () => loadTaskEnds(progressDeps))
    const ends = all.get(run) ?? []
    const excused = excusedDeliveries(all, run, Date.parse(startedAt), ACK_WAIT_MS)
    return { count: Math.max(ends.length, deliveries - 1 - excused), ends: ends.map(({ what }) => what) }
  }

  void removeOldProgress(progressDeps)
  const toldBefore = async ({ run }: TaskMessage, deliveries: number): Promise<unknown> => {
    if (deliveries === 1) return undefined
    const asked = () => progressOf(kv, run)
    return (await askWithRetry({ log, signal: stopping.signal }, 'the progress of a task', asked))?.progress
  }

  const handle = async (kind: Kind, name: string, definition: TaskDefinition, message: JsMsg): Promise<void> => {
    metrics.stageIn.inc({ stage: 'tasks' })
    const read = taskMessageSchema.safeParse(parseJson(message.string()))
    const [, , tenant = '', , id = ''] = message.subject.split('.')
    if (!read.success) {
      log.error(
        { subject: message.subject, err: read.error },
        'a task message is not readable and was dropped; its machine continues at the deadline',
      )
      message.term('unreadable')
      return
    }
    const task = read.data
    const startedAt = options.now()
    const remainingMs = Date.parse(task.deadlineAt) - startedAt
    if (remainingMs <= 0) return message.ack()
    // Delivered again while a task blocked this thread; the run that goes on acknowledges it.
    if (runs.has(task.run)) return

    const aborted = new AbortController()
    runs.set(task.run, aborted)
    const deadline = AbortSignal.timeout(Math.min(remainingMs, TIMEOUT_MS_MAX))
    const keepAlive = setInterval(() => message.working(), ACK_WAIT_MS / 3)
    const actor = { tenant, kind: kind.name, id }
    const watched = { kind: kind.name, task: name, run: task.run }
    const code = { ...watched, actor: actorKey(actor), deadlineAt: task.deadlineAt }
    const leaveWatchdog = watchdog.enter(watched)
    const progress = createRunProgress(progressDeps, task)
    const signal = AbortSignal.any([aborted.signal, deadline, stopping.signal])
    const live = createLiveWriter({
      run: task.run,
      deliveriesBefore: message.info.deliveryCount - 1,
      publish: (piece) => livePublisher.publish(liveSubject(actor), JSON.stringify(piece)),
      signal,
      mode: () => options.streamModeOf(tenant),
      onDropped: (cause) => rateLimitedWarn(log, { ...watched, cause }, 'pieces of a reply are not told while it is written: too many'),
    })
    try {
      const outcome = await runKindCode(
        code,
        runTask,
        definition,
        task,
        await attemptsBefore(definition, task, message.info.deliveryCount),
        {
          signal,
          log: log.child({ task: name, run: task.run }),
          actor,
          searchIndex: options.searchIndexOf(actor),
          understand: (query) => options.understand(tenant, query),
          evaluate: options.evaluate,
          generate: (query) => options.generate(tenant, query, signal),
          tierFor: (query) => options.tierFor(tenant, query),
          shareAnswer: options.answers.of({ actor, seq: task.seq }),
          live,
          hasModels: options.hasModels,
          ...options.objects.of(actor, task.run),
          fanOut: options.fanOuts.of(actor, task),
          signingKey: () => hookKeyOf({ tenant, name: nameOfCaller(actor) }),
          recommend: (query) => options.recommend(actor, query, task.seq),
          vectorOf: options.vectorOf,
          topicFor: (place, newTopic) => options.topicFor(tenant, place, newTopic),
          customer: (customer) => options.customerOf(tenant, customer),
          waitingCases: (query) => options.waitingCasesOf(actor, query),
          glossary: () => options.glossaryOf(tenant),
          promptFor: (prompt, wanted) => options.promptFor({ tenant, name: prompt, actorId: id }, wanted),
          call: (work) => watchdog.call(watched, work),
          progress,
          toldBefore: await toldBefore(task, message.info.deliveryCount),
          placeInQueue: (task) => places.of(actor, tellingTask(kind, task)),
          tellPlaces: (task, place) => teller.tell(actor, tellingTask(kind, task), place),
          onHeld: (reason) => metrics.answersHeld.inc({ kind: kind.name, reason }),
          onAttempt: (attempt) => metrics.taskAttempts.inc({ kind: kind.name, task: name, outcome: attempt }),
        },
      )
      if (outcome.kind === 'done' && definition.tellsPlaces === true) measured.add(queueName(name, kind.name), options.now() - startedAt)
      if (outcome.kind !== 'given_up') await publishOutcome(actor, task, startedAt, outcome)
      else if (stopping.signal.aborted) return message.nak()
      message.ack()
      await progress.end()
      handled = message.seq
    } finally {
      clearInterval(keepAlive)
      progress.stop()
      live.close()
      leaveWatchdog()
      runs.delete(task.run)
      metrics.taskSeconds.observe({ kind: kind.name, task: name }, (options.now() - startedAt) / 1000)
    }
  }

  /** Runs tasks of one name until the runner stops. A connection that breaks ends the queue, and a new one is opened. */
  const runQueue = async (kind: Kind, name: string, definition: TaskDefinition): Promise<void> => {
    const consumer = await ensureConsumer(jetstream, kind, name, definition)
    const turns = definition.hasTenantTurns === true ? createTenantTurns(definition.concurrencyMax, () => performance.now()) : undefined
    if (definition.tellsPlaces === true) await measured.open(queueName(name, kind.name))
    const open = async (): Promise<ConsumerMessages> => {
      const queue = await consumer.consume({ max_messages: Math.min(definition.concurrencyMax, FETCH_MAX), idle_heartbeat: HEARTBEAT_MS })
      queues.add(queue)
      void endWithServer(queue)
      return queue
    }
    const readAll = async (first: ConsumerMessages): Promise<void> => {
      for (let queue = first; ; queue = await open()) {
        for await (const message of queue) {
          const turn = turns?.begin(message.subject.split('.')[2] ?? '')
          if (turn !== undefined && 'laterMs' in turn) {
            message.nak(turn.laterMs)
            continue
          }
          const work = handle(kind, name, definition, message)
            .catch(fail)
            .finally(() => {
              turn?.end()
              working.delete(work)
            })
          working.add(work)
        }
        queues.delete(queue)
        if (stopping.signal.aborted) return
      }
    }
    readAll(await open()).catch(fail)
  }
  for (const kind of kinds.values()) {
    for (const [name, definition] of Object.entries(kind.tasks)) await runQueue(kind, name, definition)
  }

  const connection = watchConnection(jetstream.nc, 'reconnect', () => {
    for (const queue of queues) queue.stop()
  })
  const stopped = Promise.withResolvers<void>()
  return {
    ended: Promise.race([stopped.promise, failed]),
    progress: () => ({ position: handled, lag: working.size }),
    async stop() {
      stopping.abort()
      for (const queue of queues) queue.stop()
      await Promise.allSettled([...working])
      await Promise.all([teller.stop(), measured.stop()])
      connection.stop()
      aborts.unsubscribe()
      watchdog.stop()
      stopped.resolve()
    },
  }
}

/** @throws ColloquyError `bad_kind` where the places of the task are not told */
function tellingTask(kind: Kind, task: string): string {
  if (kind.tasks[task]?.tellsPlaces === true) return task
  throw new ColloquyError('bad_kind', `${kind.name}: places are told of tasks with "tellsPlaces: true"; the task "${task}" is none`)
}

/** Stops a queue that misses its heartbeats: when a server dies, its consumer moves, and the client may wait at the wrong server. */
async function endWithServer(queue: ConsumerMessages): Promise<void> {
  for await (const { type } of queue.status()) if (type === 'heartbeats_missed') queue.stop()
}

async function ensureConsumer({ js, jsm }: JetStreamContext, kind: Kind, name: string, definition: TaskDefinition) {
  const durable = queueName(name, kind.name)
  const pendingMax = definition.hasTenantTurns === true ? SENT_BACK_MAX : definition.concurrencyMax
  const bounds = { ack_wait: nanos(ACK_WAIT_MS), max_ack_pending: pendingMax, max_deliver: -1 }
  const identity = { filter_subject: taskSubjectsOf(name, kind.name), ack_policy: AckPolicy.Explicit }
  try {
    await jsm.consumers.add('TASKS', { durable_name: durable, ...identity, ...bounds })
  } catch (error) {
    if (!isJetStreamError(error, 'consumerExists')) throw error
    await jsm.consumers.update('TASKS', durable, bounds)
  }
  return js.consumers.get('TASKS', durable)
}
