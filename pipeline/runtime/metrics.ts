import { isMainThread } from 'node:worker_threads'
import {
  AggregatorRegistry,
  collectDefaultMetrics,
  Counter,
  Gauge,
  Histogram,
  type MetricObjectWithValues,
  type MetricValue,
  Registry,
} from 'prom-client'

const HANDLER_SECONDS = [0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.05, 0.25, 1]
const TASK_SECONDS = [0.001, 0.005, 0.025, 0.1, 0.5, 1, 2.5, 5, 15, 60, 300]
const HTTP_SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1, 5, 60]
const SCORES = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1]
const SIMILARITIES = [0.5, 0.6, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95, 1]
const LATE_SECONDS = [0.01, 0.05, 0.1, 0.5, 1, 5, 15, 60, 300, 3600]

/** Colloquy's metrics. Labels never hold actor ids: their number has no bound. */
export function createMetrics() {
  const registry = new Registry()
  const counter = <Label extends string = never>(name: string, help: string, labelNames: Label[] = []) =>
    new Counter({ name: `colloquy_${name}`, help, labelNames, registers: [registry] })
  const gauge = <Label extends string = never>(name: string, help: string, labelNames: Label[] = []) =>
    new Gauge({ name: `colloquy_${name}`, help, labelNames, registers: [registry] })
  /** A fact that several threads know: the process has it once. */
  const sharedGauge = <Label extends string = never>(name: string, help: string, labelNames: Label[] = []) =>
    new Gauge({ name: `colloquy_${name}`, help, labelNames, registers: [registry], aggregator: 'max' })
  const histogram = <Label extends string = never>(name: string, help: string, buckets: number[], labelNames: Label[] = []) =>
    new Histogram({ name: `colloquy_${name}`, help, labelNames, buckets, registers: [registry] })
  return {
    registry,
    process: processRegistry(),
    stageIn: counter('stage_in_total', 'Messages that a stage received', ['stage']),
    stageOut: counter('stage_out_total', 'Messages or rows that a stage wrote', ['stage']),
    handedOver: counter('records_handed_over_total', 'Records that the host gave to the dispatcher of its thread, ahead of LOG'),
    stageLag: gauge('stage_lag_messages', 'Messages that a stage has not processed yet', ['stage']),
    stageLagSeconds: gauge('stage_lag_seconds', 'Age of the next message of a stage; 0 when it has caught up', ['stage']),
    handlerSeconds: histogram(
      'handler_seconds',
      'Processing time of one message; for the dispatcher until all its effects are stored',
      HANDLER_SECONDS,
      ['stage'],
    ),
    rejected: counter('records_rejected_total', 'Inputs recorded as rejected', ['reason']),
    duplicates: counter('repeats_total', 'Duplicates of committed inputs', ['by']),
    ignored: counter('ignored_total', 'Messages without a record', ['why']),
    publishesRefused: counter('publishes_refused_total', 'Publishes that a stream refused or did not acknowledge, by code', ['code']),
    actorLoads: counter('actor_loads_total', 'Actors loaded from LOG'),
    actorErrors: counter('actor_errors_total', 'Actors that ended with an error', ['kind']),
    slowDecisions: counter('decisions_slow_total', 'Decisions that took longer than a second', ['kind']),
    hostEnds: counter('host_ends_total', 'Times that a host ended in the middle of a decision', ['kind']),
    taskEnds: counter('task_thread_ends_total', 'Times that a task ended the thread of the tasks', ['kind', 'task']),
    strayErrors: counter('stray_errors_total', 'Errors that code of a kind threw after it had returned', ['kind', 'task']),
    liveActors: gauge('live_actors', 'Actors in memory'),
    partitionsLost: counter('partitions_lost_total', 'Partitions dropped because another member took them over', ['work']),
    sent: counter('actor_sent_total', 'Events that actors sent to other actors', ['kind']),
    deadLetters: counter('dead_letters_total', 'Dead letters written', ['reason']),
    hookCalls: counter('hook_calls_total', 'Calls of hooks, by how they ended: delivered, failed (they are repeated), given_up', [
      'result',
    ]),
    deadLettersResolved: counter('dead_letters_resolved_total', 'Dead letters redriven or dropped', ['end']),
    taskAttempts: counter('task_attempts_total', 'Attempts of tasks by their outcome', ['kind', 'task', 'outcome']),
    taskSeconds: histogram('task_seconds', 'From the first attempt of a task to its outcome', TASK_SECONDS, ['kind', 'task']),
    qualityScore: histogram('quality_score', 'Overall scores of answers, by the evaluator: rules, model or other', SCORES, [
      'kind',
      'evaluator',
    ]),
    answersHeld: counter('answers_held_total', 'Answers that a task held back, by what was wrong with them', ['kind', 'reason']),
    modelRequests: counter('model_requests_total', 'Requests to language models by their outcome: ok or the code of an error', [
      'model',
      'outcome',
    ]),
    modelTokens: counter('model_tokens_total', 'Tokens that language models read (in) and wrote (out), as their providers tell', [
      'model',
      'direction',
    ]),
    modelCost: counter('model_cost_total', 'Cost of language models where it is known, in the currency of the prices', ['model']),
    modelSeconds: histogram('model_seconds', 'Requests to language models, from the request to their end', TASK_SECONDS, ['model']),
    modelFallbacks: counter('model_fallbacks_total', 'Answers that were not taken, so that another model was asked, by reason', [
      'model',
      'reason',
    ]),
    modelRested: gauge('model_rested', 'Whether a language model rests after a failure', ['model']),
    modelPlaces: gauge('model_places', 'Concurrent requests that a language model may have now, after adaptation', ['model']),
    modelInFlight: gauge('model_in_flight', 'Requests to a language model that are on their way', ['model']),
    modelWaiting: gauge('model_waiting_requests', 'Requests that wait for a place at a language model'),
    timerLateSeconds: histogram('timer_late_seconds', 'From the due time of a timer to its decision', LATE_SECONDS),
    timersLate: counter('timers_late_total', 'Timers decided more than five seconds late'),
    inputsLost: counter(
      'inputs_lost_total',
      'Times that a host found inputs lost: LOG has no record of them and INBOX no longer holds them',
    ),
    streamsTruncated: counter('tails_lost_total', 'Times that a stream was found truncated', ['stream']),
    badRecords: counter('bad_records_total', 'Messages of LOG that are no record and that a reader set aside', ['reader']),
    recordsRemoved: sharedGauge('removed_records', 'LOG sequences that have no record any more, by reason', ['reason']),
    recordsUnproven: sharedGauge('unproven_records', 'Lost records of LOG whose rows are still in the tables'),
    sourcingStuck: counter('hand_ons_stuck_total', 'Times that INBOX stopped sourcing from a stream and was forced to step down', [
      'stream',
    ]),
    streamLimits: counter('stream_limits_total', 'Changes of the limits of a stream by somebody else, restored or refused by NATS', [
      'stream',
      'end',
    ]),
    natsProtected: gauge('nats_protected', 'Whether clients without credentials were kept from the streams at the start; NaN: unknown'),
    rowsRefused: counter('rows_refused_total', 'Rows that ClickHouse refused and that were stored with data_error', ['table']),
    rowsSetAside: counter('rows_set_aside_total', 'Rows that ClickHouse refused and that went to DEAD', ['table']),
    embedTexts: counter('embed_texts_total', 'Texts embedded by the model, found in the cache, or failed', ['by']),
    embedWaiting: gauge('embed_waiting_texts', 'Texts queued for the embedding model or in it'),
    embedRestarts: counter('embed_restarts_total', 'Unexpected ends of the embedding thread'),
    cacheLookups: counter('cache_lookups_total', 'Look-ups of a cache by where the value came from: memory, shared, joined or filled', [
      'cache',
      'from',
    ]),
    cacheSeconds: histogram(
      'cache_lookup_seconds',
      'Look-ups of a cache that filled nothing, with the check of freshness',
      HANDLER_SECONDS,
      ['cache', 'from'],
    ),
    cacheDropped: counter('cache_dropped_total', 'Values that a cache did not keep or serve, by why', ['cache', 'why']),
    cacheBytes: gauge('cache_bytes', 'Bytes of a cache in the memory of the process', ['cache']),
    cacheSharedBytes: sharedGauge('cache_shared_bytes', 'Bytes of the shared cache in NATS'),
    cacheSharedFailures: counter('cache_shared_failures_total', 'Uses of the shared cache that failed, by what was done and why', [
      'op',
      'why',
    ]),
    similarAnswers: counter('similar_answers_total', 'Cached answers of other questions that say the same, by what became of each', [
      'outcome',
    ]),
    answersShadowed: counter('answers_shadowed_total', 'Answers that would have been given again without COLLOQUY_CACHE=shadow', ['match']),
    answerSimilarity: histogram(
      'similar_answer_similarity',
      'Similarity of two questions of which one was, or in shadow would have been, given the answer of the other',
      SIMILARITIES,
    ),
    reranked: counter('rerank_total', 'Searches that were re-ranked, or whose re-ranker was late or failed', ['outcome']),
    rerankSeconds: histogram('rerank_seconds', 'Time of the re-ranker for the texts of one search', HTTP_SECONDS),
    auditMismatches: counter('audit_mismatches_total', 'Differences between a table and LOG that the auditor found', ['table']),
    auditVerifiedSeq: gauge('audit_verified_seq', 'LOG sequence that the current pass of the auditor has reached'),
    auditedAt: gauge('audit_last_slice_timestamp_seconds', 'Unix time of the last slice that the auditor finished; 0 before the first'),
    auditPasses: counter('audit_passes_total', 'Passes of the auditor over all tables'),
    indexMismatches: counter('index_mismatches_total', 'Differences between the search index and LOG that the indexer found', ['kind']),
    indexRepaired: counter('index_repaired_total', 'Differences between the search index and LOG that the indexer repaired'),
    indexVerifiedSeq: gauge('index_verified_seq', 'LOG sequence that the current pass of the check of the search index has reached'),
    streamsOpen: gauge('streams_open', 'Clients that get events of actors over HTTP', ['transport']),
    streamEvents: counter('stream_events_total', 'Events of actors written to clients over HTTP, without pieces of replies', ['transport']),
    streamsClosed: counter('streams_closed_total', 'Streams of events that ended, by reason', ['transport', 'reason']),
    httpSeconds: histogram('http_request_seconds', 'HTTP requests, including the wait for inputs', HTTP_SECONDS, [
      'method',
      'route',
      'status',
    ]),
  }
}

export type Metrics = ReturnType<typeof createMetrics>

/** The process: memory, CPU, and the main thread's garbage collection and event-loop lag. */
function processRegistry(): Registry {
  const register = new Registry()
  if (isMainThread) collectDefaultMetrics({ register })
  return register
}

export type MetricsSnapshot = MetricObjectWithValues<MetricValue<string>>[]

/** The sum of the metrics of all threads of the process. */
export async function merged({ registry }: Metrics, others: () => Promise<MetricsSnapshot[]> = async () => []): Promise<Registry> {
  return AggregatorRegistry.aggregate([await registry.getMetricsAsJSON(), ...(await others())])
}
