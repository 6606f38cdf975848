import { statfs } from 'node:fs/promises'
import type { Logger } from 'pino'

export interface FullDiskOptions {
  readonly storeDir: string
  /** Restarts the server on the same store. */
  readonly restart: () => void
  readonly log: Logger
}

/** Restarts a server whose disk was full. */
export interface FullDiskWatch {
  /** Takes a line of the server's output. @returns true if the line only repeats that the disk is full */
  onLine(line: string): boolean
  stop(): void
}

const FULL = /no space left on device|JetStream out of .*resources/i
const CHECK_MS = 1_000
/** Free bytes that a restart needs. With less, the disk would soon be full again. */
const FREE_BYTES_MIN = 64 * 1024 ** 2

/**
 * Restarts nats-server when the disk has room again: after a failed write the server refuses all messages until a restart. A restart
 * keeps all acknowledged messages.
 */
export function watchFullDisk({ storeDir, restart, log }: FullDiskOptions): FullDiskWatch {
  let checking: NodeJS.Timeout | undefined
  const stop = (): void => {
    clearInterval(checking)
    checking = undefined
  }
  const check = async (): Promise<void> => {
    const { bavail, bsize } = await statfs(storeDir)
    if (checking === undefined || bavail * bsize < FREE_BYTES_MIN) return
    stop()
    log.warn({ freeBytes: bavail * bsize }, 'the disk has room again; restarting nats-server')
    restart()
  }
  return {
    onLine(line) {
      if (!FULL.test(line)) return false
      if (checking !== undefined) return true
      log.error({ storeDir }, `the disk is full: nats-server refuses messages until ${FREE_BYTES_MIN / 1024 ** 2} MiB are free`)
      // If this check fails, the next one repeats it.
      checking = setInterval(() => void check().catch(() => undefined), CHECK_MS)
      return false
    },
    stop,
  }
}
