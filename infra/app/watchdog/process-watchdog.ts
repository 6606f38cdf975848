import { once } from 'node:events'
import { closeSync } from 'node:fs'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import { workerEntry } from '../../../pipeline/runtime/worker-entry.ts'
import { answerWhileBlocked } from '../../../pipeline/watchdog/ask-blocked-thread.ts'
import { type CallSlot, createCallSlot, createSlotMemory, keepBeating } from '../../../pipeline/watchdog/call-slot.ts'
import { openSlotFile } from '../../../pipeline/watchdog/slot-file.ts'
import { GROWTH_SHARE_MAX, UNKNOWN_BLOCK_MS_MAX } from '../../../pipeline/watchdog/watchdog.ts'
import type { Settings } from '../../settings.ts'
import type { ProcessWatchdogData } from './process-watchdog-worker.ts'

/**
 * Watches a thread that runs kinds from a small thread beside it, and ends the whole process where a decision does not return: for
 * processes whose main thread runs kinds. The last line on stderr says which decision it was.
 */
export function startProcessWatchdog(data: ProcessWatchdogData): { stop(): Promise<void> } {
  const worker = new Worker(workerEntry(import.meta.url, './process-watchdog-worker'), {
    workerData: data,
    name: 'watchdog',
    resourceLimits: { maxOldGenerationSizeMb: 16 },
  })
  worker.unref()
  // Without its watchdog the process still works.
  worker.on('error', () => undefined)
  const ended = once(worker, 'exit')
  return {
    async stop() {
      void worker.terminate()
      await ended
    },
  }
}

/** From when a module that blocks this thread while it is imported is named: on a busy machine, any import may take seconds. */
const IMPORT_SILENT_MS_MIN = 10_000

/** Imports with a watchdog beside it that ends the process where a module blocks this thread for longer than `msMax`. */
export async function watchedImport<T>(
  { HEAP_BYTES_MAX }: Pick<Settings, 'HEAP_BYTES_MAX'>,
  msMax: number,
  load: () => Promise<T>,
): Promise<T> {
  const memory = createSlotMemory()
  answerWhileBlocked()
  const limits = { callMsMax: msMax, growthBytesMax: HEAP_BYTES_MAX, unknownMsMax: msMax, silentMsMin: IMPORT_SILENT_MS_MIN }
  const watchdog = startProcessWatchdog({ memory, ...limits, path: undefined, noun: 'import' })
  const beating = keepBeating(createCallSlot(memory))
  try {
    return await load()
  } finally {
    clearInterval(beating)
    await watchdog.stop()
  }
}

/** A slot for this thread, which a watchdog in a thread of its own reads. */
export function watchedSlot(
  { DECISION_MS_MAX, HEAP_BYTES_MAX }: Pick<Settings, 'DECISION_MS_MAX' | 'HEAP_BYTES_MAX'>,
  { path, noun = 'decision' }: { readonly path?: string | undefined; readonly noun?: string },
  started: AsyncDisposableStack,
): CallSlot {
  const memory = createSlotMemory()
  answerWhileBlocked()
  const limits = { callMsMax: DECISION_MS_MAX, growthBytesMax: HEAP_BYTES_MAX * GROWTH_SHARE_MAX, unknownMsMax: UNKNOWN_BLOCK_MS_MAX }
  const watchdog = startProcessWatchdog({ memory, ...limits, path, noun })
  started.defer(() => watchdog.stop())
  const file = path === undefined ? undefined : openSlotFile(path)
  const calls = createCallSlot(memory, file)
  const beating = keepBeating(calls).unref()
  started.defer(() => clearInterval(beating))
  if (file === undefined) return calls
  started.defer(async () => {
    // The slot clears its file at the end of the event loop's turn.
    await nextTurn()
    closeSync(file)
  })
  return calls
}
