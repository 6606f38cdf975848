import { resolve } from 'node:path'
import { watch } from 'chokidar'
import type { Logger } from 'pino'

/** All changes within this time count as one save, because editors write a file in several steps. */
const SETTLE_MS = 40

/** Watches files, including ones that do not exist yet, until `stop`. */
export interface FileWatch {
  /** Watches these files and no others from now on. */
  follow(files: readonly string[]): void
  stop(): Promise<void>
}

/** @param onSave gets the files of one save, sorted. */
export function watchFiles(onSave: (files: readonly string[]) => void, log: Logger): FileWatch {
  const watched = new Set<string>()
  const changed = new Set<string>()
  let timer: NodeJS.Timeout | undefined
  const watcher = watch([], { ignoreInitial: true })
  watcher.on('all', (_event, path) => {
    changed.add(resolve(path))
    timer ??= setTimeout(() => {
      timer = undefined
      const files = [...changed].sort()
      changed.clear()
      onSave(files)
    }, SETTLE_MS)
  })
  watcher.on('error', (error) => log.warn({ err: error }, 'a file cannot be watched; changes of it will not be seen'))
  return {
    follow(files) {
      const wanted = new Set(files.map((file) => resolve(file)))
      const gone = [...watched].filter((file) => !wanted.has(file))
      const fresh = [...wanted].filter((file) => !watched.has(file))
      for (const file of gone) watched.delete(file)
      for (const file of fresh) watched.add(file)
      if (gone.length > 0) watcher.unwatch(gone)
      if (fresh.length > 0) watcher.add(fresh)
    },
    async stop() {
      clearTimeout(timer)
      await watcher.close()
    },
  }
}
