import { AckPolicy, type ConsumerMessages, type JsMsg } from '@nats-io/jetstream'
import { nanos } from '@nats-io/transport-node'
import type { Logger } from 'pino'
import type { Kind, Kinds, TaskDefinition } from '../../actors/definition/define-kind.ts'
import type { TaskSearchIndex } from '../../actors/definition/task-search.ts'
import { taskMessageSchema, type InternalInput, type TaskMessage } from '../../schemas/internal-messages.ts'
import { abortSubject, internalSubject, type Address } from '../../schemas/subjects.ts'
import type { JetStreamContext } from '../jetstream/connection.ts'
import { isJetStreamError } from '../jetstream/jetstream-codes.ts'
import type { Metrics } from '../runtime/metrics.ts'
import { publishWithRetry } from '../jetstream/publish-with-retry.ts'
import type { StageRun } from '../runtime/stage.ts'
import { watchConnection } from '../jetstream/connection-events.ts'
import { createEventLoopWatchdog } from './event-loop-watchdog.ts'
import { runTask, type Outcome } from './run-task.ts'

export interface RunnerOptions {
  readonly jetstream: JetStreamContext
  readonly kinds: Kinds
  /** What tasks of an actor may look up. */
  readonly searchIndexOf: (actor: Address) => TaskSearchIndex
  readonly now: () => number
  readonly log: Logger
  readonly metrics: Metrics
}

/** A runner that says nothing for so long is taken to be lost, and its tasks go to another one. */
const ACK_WAIT_MS = 10_000
/** Tasks of one name that one runner fetches ahead. */
const FETCH_MAX = 64
/** A task that blocks the event loop for so long is named in the log. */
const BLOCKED_MS_MIN = 500
/** Two of these missed, and a queue is taken to be lost. */
const HEARTBEAT_MS = 1_000

/**
 * The runner: runs what machines invoke and tells them how it came out. A task is acknowledged only after its outcome is
 * stored; the bound on runs of one task at one time is the server's, so that it holds for the whole cluster.
 */
export async function startTaskRunner(options: RunnerOptions): Promise<StageRun> {
  const { jetstream, kinds, log, metrics } = options
  const stopping = new AbortController()
  const runs = new Map<string, AbortController>()
  const working = new Set<Promise<void>>()
  const queues = new Set<ConsumerMessages>()
  const { promise: failed, reject: fail } = Promise.withResolvers<never>()
  const blocks = createEventLoopWatchdog({ log, now: () => performance.now(), blockedMsMin: BLOCKED_MS_MIN })
  let handled = 0

  const aborts = jetstream.nc.subscribe(abortSubject('*'), {
    callback: (_, message) => runs.get(message.subject.slice(abortSubject('').length))?.abort(),
  })

  const settle = async (address: Address, message: TaskMessage, begunAt: number, outcome: Exclude<Outcome, { kind: 'given_up' }>): Promise<void> => {
    const { run, correlationid, traceparent } = message
    const told = {
      run, correlationid, traceparent, attempts: outcome.attempts,
      queueMs: Math.max(0, begunAt - Date.parse(message.startedAt)), durationMs: Math.max(0, options.now() - begunAt),
    }
    const result: InternalInput = outcome.kind === 'done'
      ? { type: 'task.done', ...told, output: outcome.output }
      : { type: 'task.failed', ...told, error: outcome.error }
    const deps = { publisher: jetstream.publisher, log, metrics, signal: stopping.signal }
    // Without a message id: INBOX would drop it for a producer's message that happens to have the same one.
    await publishWithRetry(deps, internalSubject(address), JSON.stringify(result))
    metrics.stageOut.inc({ stage: 'tasks' })
  }

  const handle = async (kind: Kind, name: string, definition: TaskDefinition, message: JsMsg): Promise<void> => {
    metrics.stageIn.inc({ stage: 'tasks' })
    const read = taskMessageSchema.safeParse(message.json())
    const [, , tenant = '', , id = ''] = message.subject.split('.')
    if (!read.success) {
      log.error({ subject: message.subject, err: read.error }, 'a task cannot be read; its deadline will tell the machine')
      message.term('unreadable')
      return
    }
    const task = read.data
    const begunAt = options.now()
    const leftMs = Date.parse(task.deadlineAt) - begunAt
    if (leftMs <= 0) return message.ack()

    const wanted = new AbortController()
    runs.set(task.run, wanted)
    const deadline = AbortSignal.timeout(leftMs)
    const alive = setInterval(() => message.working(), ACK_WAIT_MS / 3)
    const actor = { tenant, kind: kind.name, id }
    const watched = { kind: kind.name, task: name, run: task.run }
    const leave = blocks.enter(watched)
    try {
      const outcome = await runTask(definition, task, message.info.deliveryCount - 1, {
        signal: AbortSignal.any([wanted.signal, deadline, stopping.signal]),
        log: log.child({ task: name, run: task.run }),
        actor, memory: options.searchIndexOf(actor),
        call: (work) => blocks.call(watched, work),
        onAttempt: (attempt) => metrics.taskAttempts.inc({ kind: kind.name, task: name, outcome: attempt }),
      })
      if (outcome.kind !== 'given_up') await settle(actor, task, begunAt, outcome)
      else if (stopping.signal.aborted) return message.nak()
      message.ack()
      handled = message.seq
    } finally {
      clearInterval(alive)
      leave()
      runs.delete(task.run)
      metrics.taskSeconds.observe({ kind: kind.name, task: name }, (options.now() - begunAt) / 1000)
    }
  }

  /** Takes tasks of one name for ever; a break of the connection ends a queue, and another one is opened. */
  const serve = async (kind: Kind, name: string, definition: TaskDefinition): Promise<void> => {
    const consumer = await ensureConsumer(jetstream, kind, name, definition)
    const open = async (): Promise<ConsumerMessages> => {
      const queue = await consumer.consume({ max_messages: Math.min(definition.concurrencyMax, FETCH_MAX), idle_heartbeat: HEARTBEAT_MS })
      queues.add(queue)
      void endWithServer(queue)
      return queue
    }
    const readAll = async (first: ConsumerMessages): Promise<void> => {
      for (let queue = first; ; queue = await open()) {
        for await (const message of queue) {
          const work = handle(kind, name, definition, message).catch(fail).finally(() => working.delete(work))
          working.add(work)
        }
        queues.delete(queue)
        if (stopping.signal.aborted) return
      }
    }
    readAll(await open()).catch(fail)
  }
  for (const kind of kinds.values()) {
    for (const [name, definition] of Object.entries(kind.tasks)) await serve(kind, name, definition)
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
      connection.stop()
      aborts.unsubscribe()
      blocks.stop()
      stopped.resolve()
    },
  }
}

/** In a cluster a consumer moves when its server dies, and the client may go on waiting where it was: a queue that falls silent is ended. */
async function endWithServer(queue: ConsumerMessages): Promise<void> {
  for await (const { type } of queue.status()) if (type === 'heartbeats_missed') queue.stop()
}

async function ensureConsumer({ js, jsm }: JetStreamContext, kind: Kind, name: string, definition: TaskDefinition) {
  const durable = `${name}@${kind.name}`
  const bounds = { ack_wait: nanos(ACK_WAIT_MS), max_ack_pending: definition.concurrencyMax, max_deliver: -1 }
  const identity = { filter_subject: `task.${name}.*.${kind.name}.*`, ack_policy: AckPolicy.Explicit }
  try {
    await jsm.consumers.add('TASKS', { durable_name: durable, ...identity, ...bounds })
  } catch (error) {
    if (!isJetStreamError(error, 'consumerExists')) throw error
    await jsm.consumers.update('TASKS', durable, bounds)
  }
  return js.consumers.get('TASKS', durable)
}
