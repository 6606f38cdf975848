import type { Logger } from 'pino'
import type { LocalEmbedder } from '../../pipeline/embedding/embedder.ts'
import type { Metrics } from '../../pipeline/runtime/metrics.ts'
import { periodicJob } from '../../pipeline/runtime/periodic-job.ts'
import { backOffMs, type Pauses } from '../../pipeline/runtime/retry.ts'
import { codeOf, messageOf } from '../../schemas/errors.ts'
import type { DownloadProgress } from '../servers/models/hub-model.ts'
import { type Preset, PRESETS } from '../servers/models/presets.ts'
import type { Settings } from '../settings.ts'
import { accessEmbedder } from './embedder-access.ts'
import type { IndexCluster } from './index-cluster.ts'
import { withModel } from './index-model.ts'

/** The model that `auto` brings, which this process gets in the background. */
export interface AutoModel {
  /** The model, once this process has it; `undefined` where no living process has the setting `auto`, or the cluster uses such a model. */
  embedder(): LocalEmbedder | undefined
  /** How far it is on its way into use; `undefined` where it is not wanted. */
  detail(): string | undefined
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
const MEGABYTE = 1_000_000

/** Gets the model of `auto` from the cache or the hub, as long as it is wanted, and tells the cluster when it can be used here. */
export function startAutoModel({ settings, preset, cluster, isReplaceable, metrics, log }: AutoModelDeps): AutoModel {
  const wanted = withModel(settings, { EMBED_MODEL: preset.name })
  let embedder: LocalEmbedder | undefined
  let isTaken = false
  let detail: string | undefined
  let reported: string | undefined
  let failed = ''
  let failures = 0

  const onProgress: DownloadProgress = (_, bytes, bytesTotal) => {
    const megabytes = (count: number): number => Math.round(count / MEGABYTE)
    if ((bytesTotal ?? 0) >= MEGABYTE) detail = `downloading ${megabytes(bytes)} of ${megabytes(bytesTotal ?? 0)} MB`
  }
  const drop = async (): Promise<void> => {
    const [former, isOwn] = [embedder, !isTaken]
    embedder = undefined
    isTaken = false
    detail = undefined
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
    detail = failures === 0 ? 'looking for it' : detail
    try {
      const presets = [preset, ...PRESETS]
      embedder = await accessEmbedder(wanted, metrics, log, { onProgress, signal, presets })
      detail = 'ready; waiting for the process that re-embeds'
      failures = 0
      await cluster.announceModel(embedder.fingerprint).catch((err: unknown) => {
        log.warn({ err, code: codeOf(err) }, 'could not tell the cluster that the embedding model is here; the next heartbeat does')
      })
      return POLL_MS
    } catch (err) {
      if (signal.aborted) return POLL_MS
      const pauseMs = backOffMs(failures++, PAUSES, true)
      detail = `cannot get it (${messageOf(err)}); trying again`
      if (failed !== messageOf(err)) log.warn({ err, code: codeOf(err), pauseMs }, `no ${preset.name} yet; trying again in the background`)
      failed = messageOf(err)
      return pauseMs
    }
  })
  return {
    embedder: () => embedder,
    detail: () => (embedder === undefined ? detail : (reported ?? detail)),
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
