import type { Logger } from 'pino'
import type { LocalEmbedder } from '../../pipeline/embedding/embedder.ts'
import type { Metrics } from '../../pipeline/runtime/metrics.ts'
import { periodicJob } from '../../pipeline/runtime/periodic-job.ts'
import { backOffMs, type Pauses } from '../../pipeline/runtime/retry.ts'
import { codeOf, messageOf } from '../../schemas/errors.ts'
import { type Preset, PRESETS } from '../servers/models/presets.ts'
import type { Settings } from '../settings.ts'
import { type AutoModelStatus, createModelAttempts } from './auto-model-attempts.ts'
import { accessEmbedder } from './embedder-access.ts'
import type { IndexCluster } from './index-cluster.ts'
import { withModel } from './index-model.ts'

/** The model that `auto` brings, which this process gets in the background. */
export interface AutoModel {
  /** The model, once this process has it; `undefined` where no living process has the setting `auto`, or the cluster uses such a model. */
  embedder(): LocalEmbedder | undefined
  /** How far it is on its way into use; `undefined` where it is not wanted. */
  detail(): string | undefined
  /** The same, with what is wrong. */
  status(): AutoModelStatus | undefined
  /** Sets what `detail` says while this process has the model and the cluster does not use it; `undefined` for nothing special. */
  report(what: string | undefined): void
  /** Hands the model over once, if it has this fingerprint: the caller closes it. It stays the next one until the cluster uses it. */
  take(fingerprint: string): LocalEmbedder | undefined
  /** Ends a download at once; the next start resumes it. */
  stop(): Promise<void>
}

export interface AutoModelDeps {
  readonly settings: Settings
  readonly preset: Preset
  readonly cluster: IndexCluster
  /** Whether the cluster uses the built-in model, which another one may replace. */
  readonly isReplaceable: () => boolean
  readonly metrics: Metrics
  readonly log: Logger
}

const POLL_MS = 1_000
/** Pauses between attempts to get the model. Each attempt repeats its requests some times. */
const PAUSES: Pauses = { minMs: 2_000, maxMs: 300_000 }

/** Gets the model of `auto` from the cache or the hub, as long as it is wanted, and tells the cluster when it can be used here. */
export function startAutoModel({ settings, preset, cluster, isReplaceable, metrics, log }: AutoModelDeps): AutoModel {
  const wanted = withModel(settings, { EMBED_MODEL: preset.name })
  const attempts = createModelAttempts({ model: preset.name, hubUrl: settings.EMBED_HUB_URL, cacheDir: settings.CACHE_DIR, now: Date.now })
  let embedder: LocalEmbedder | undefined
  let isTaken = false
  let reported: string | undefined

  const drop = async (): Promise<void> => {
    const [former, isOwn] = [embedder, !isTaken]
    embedder = undefined
    isTaken = false
    attempts.reset()
    if (former === undefined) return
    cluster.withdrawModel(former.fingerprint)
    if (isOwn) await former.close()
  }
  const job = periodicJob(0, async (signal) => {
    if (!isReplaceable() || !cluster.wantsAuto()) {
      await drop()
      return POLL_MS
    }
    if (embedder !== undefined) return POLL_MS
    attempts.start()
    try {
      const presets = [preset, ...PRESETS]
      const { onProgress, onRetry } = attempts
      embedder = await accessEmbedder(wanted, metrics, log, { onProgress, onRetry, signal, presets, isAuto: true })
      attempts.reset()
      await cluster.announceModel(embedder.fingerprint).catch((err: unknown) => {
        log.warn({ err, code: codeOf(err) }, 'could not tell the cluster that the embedding model is here; the next heartbeat does')
      })
      return POLL_MS
    } catch (err) {
      if (signal.aborted) return POLL_MS
      const pauseMs = Math.round(backOffMs(attempts.failures(), PAUSES, true))
      attempts.fail(err, pauseMs)
      // Without the stack: the message says all, and each attempt says it.
      log.warn({ code: codeOf(err), why: messageOf(err), pauseMs }, `no ${preset.name} yet; trying again in the background`)
      return pauseMs
    }
  })
  const detail = (): string | undefined =>
    embedder === undefined ? attempts.status()?.detail : (reported ?? 'ready; waiting for the process that re-embeds')
  return {
    // Not after the switch: the job drops the model a second later, and another successor would fill the same collection.
    embedder: () => (isReplaceable() ? embedder : undefined),
    detail,
    status() {
      const text = detail()
      return text === undefined ? undefined : { model: preset.name, detail: text, problem: attempts.status()?.problem ?? null }
    },
    report(what) {
      reported = what
    },
    take(fingerprint) {
      if (isTaken || embedder?.fingerprint !== fingerprint) return undefined
      isTaken = true
      return embedder
    },
    async stop() {
      await job.stop()
      if (!isTaken) await embedder?.close()
    },
  }
}
