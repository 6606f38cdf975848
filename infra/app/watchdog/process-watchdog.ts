import { once } from 'node:events'
import { closeSync } from 'node:fs'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import { workerEntry } from '../../../pipeline/runtime/worker-entry.ts'
import { type CallSlot, createCallSlot, createSlotMemory } from '../../../pipeline/watchdog/call-slot.ts'
import { openSlotFile } from '../../../pipeline/watchdog/slot-file.ts'
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

/** A slot for this thread, which a watchdog in a thread of its own reads. */
export function watchedSlot(
  { DECISION_MS_MAX, HEAP_BYTES_MAX }: Pick<Settings, 'DECISION_MS_MAX' | 'HEAP_BYTES_MAX'>,
  { path, noun = 'decision' }: { readonly path?: string | undefined; readonly noun?: string },
  started: AsyncDisposableStack,
): CallSlot {
  const memory = createSlotMemory()
  const watchdog = startProcessWatchdog({ memory, callMsMax: DECISION_MS_MAX, growthBytesMax: HEAP_BYTES_MAX, path, noun })
  started.defer(() => watchdog.stop())
  if (path === undefined) return createCallSlot(memory)
  const file = openSlotFile(path)
  started.defer(async () => {
    // The slot clears its file at the end of the event loop's turn.
    await nextTurn()
    closeSync(file)
  })
  return createCallSlot(memory, file)
}
