import { isMainThread } from 'node:worker_threads'
import { AggregatorRegistry, collectDefaultMetrics, Counter, Gauge, Histogram, Registry, type MetricObjectWithValues, type MetricValue } from 'prom-client'

const HANDLER_SECONDS = [0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.05, 0.25, 1]
const TASK_SECONDS = [0.001, 0.005, 0.025, 0.1, 0.5, 1, 2.5, 5, 15, 60, 300]
const HTTP_SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1, 5, 60]
const LATE_SECONDS = [0.01, 0.05, 0.1, 0.5, 1, 5, 15, 60, 300, 3600]

/** All that Colloquy measures about itself. No actor ids as labels: their number has no bound. */
export function createMetrics() {
  const registry = new Registry()
  const counter = <Label extends string = never>(name: string, help: string, labelNames: Label[] = []) =>
    new Counter({ name: `colloquy_${name}`, help, labelNames, registers: [registry] })
  const gauge = <Label extends string = never>(name: string, help: string, labelNames: Label[] = []) =>
    new Gauge({ name: `colloquy_${name}`, help, labelNames, registers: [registry] })
  const histogram = <Label extends string = never>(name: string, help: string, buckets: number[], labelNames: Label[] = []) =>
    new Histogram({ name: `colloquy_${name}`, help, labelNames, buckets, registers: [registry] })
  return {
    registry,
    process: processRegistry(),
    stageIn: counter('stage_in_total', 'Messages that a stage took', ['stage']),
    stageOut: counter('stage_out_total', 'Messages or rows that a stage wrote', ['stage']),
    stageLag: gauge('stage_lag_messages', 'Messages that a stage still has to do', ['stage']),
    stageLagSeconds: gauge('stage_lag_seconds', 'Age of the message that a stage is at, 0 where it is level', ['stage']),
    handlerSeconds: histogram('handler_seconds', 'Time that a stage works on one message; at the dispatcher until all its effects are stored', HANDLER_SECONDS, ['stage']),
    rejected: counter('records_rejected_total', 'Inputs that were recorded as rejected', ['reason']),
    duplicates: counter('repeats_total', 'Inputs that repeat a committed one', ['by']),
    ignored: counter('ignored_total', 'Messages that leave no record', ['why']),
    publishesRefused: counter('publishes_refused_total', 'Messages that a stream refused or did not answer, by code', ['code']),
    actorLoads: counter('actor_loads_total', 'Actors read from LOG'),
    actorErrors: counter('actor_errors_total', 'Machines that ended in an error', ['kind']),
    liveActors: gauge('live_actors', 'Actors held in memory'),
    partitionsLost: counter('partitions_lost_total', 'Partitions that were dropped because another member has them by now', ['work']),
    sent: counter('actor_sent_total', 'Events that actors sent to other actors', ['kind']),
    deadLetters: counter('dead_letters_total', 'Dead letters written', ['reason']),
    deadLettersResolved: counter('dead_letters_resolved_total', 'Dead letters redriven or dropped', ['end']),
    taskAttempts: counter('task_attempts_total', 'Attempts of tasks by their outcome', ['kind', 'task', 'outcome']),
    taskSeconds: histogram('task_seconds', 'From the first attempt of a task to its outcome, or to where it was given up', TASK_SECONDS, ['kind', 'task']),
    timerLateSeconds: histogram('timer_late_seconds', 'From when a timer was due to its decision', LATE_SECONDS),
    timersLate: counter('timers_late_total', 'Timers decided more than five seconds after they were due'),
    inputsLost: counter('inputs_lost_total', 'Times that a host found LOG without records of inputs that INBOX no longer has'),
    streamsTruncated: counter('tails_lost_total', 'Times that a stream was found to have lost its last messages', ['stream']),
    sourcingStuck: counter('hand_ons_stuck_total', 'Times that INBOX took nothing over any more from another stream and was given another leader', ['stream']),
    rowsRefused: counter('rows_refused_total', 'Rows that ClickHouse could not hold as they were', ['table']),
    embedTexts: counter('embed_texts_total', 'Texts that were embedded by the model, found in the cache, or failed', ['by']),
    embedWaiting: gauge('embed_waiting_texts', 'Texts that wait for the embedding model or are under way in it'),
    embedRestarts: counter('embed_restarts_total', 'Times that the embedding thread ended by itself'),
    auditMismatches: counter('audit_mismatches_total', 'Places where the auditor found a table not to be what the log says', ['table']),
    auditVerifiedSeq: gauge('audit_verified_seq', 'LOG sequence up to which the auditor has come in its present pass'),
    auditedAt: gauge('audit_last_slice_timestamp_seconds', 'When the auditor last finished a slice, Unix time; 0 before the first'),
    auditPasses: counter('audit_passes_total', 'Times that the auditor has looked over all tables'),
    httpSeconds: histogram('http_request_seconds', 'HTTP requests, waiting for inputs included', HTTP_SECONDS, ['method', 'route', 'status']),
  }
}

export type Metrics = ReturnType<typeof createMetrics>

/** The process itself: memory, CPU, and of its main thread garbage collection and lag of the event loop. */
function processRegistry(): Registry {
  const register = new Registry()
  if (isMainThread) collectDefaultMetrics({ register })
  return register
}

export type MetricsSnapshot = MetricObjectWithValues<MetricValue<string>>[]

/** What all threads of the process have measured, added up. */
export async function merged({ registry }: Metrics, others: () => Promise<MetricsSnapshot[]> = async () => []): Promise<Registry> {
  return AggregatorRegistry.aggregate([await registry.getMetricsAsJSON(), ...await others()])
}
