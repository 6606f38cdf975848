import { statfs } from 'node:fs/promises'
import type { Logger } from 'pino'

export interface FullDiskOptions {
  readonly storeDir: string
  /** Starts the server anew, on the same store. */
  readonly restart: () => void
  readonly log: Logger
}

/** Looks after a server whose disk is full. */
export interface FullDiskWatch {
  /** Takes a line that the server wrote. @returns whether it says once more what is known: that the disk is full */
  hear(line: string): boolean
  stop(): void
}

const FULL = /no space left on device|JetStream out of .*resources/i
const LOOK_MS = 1_000
/** Less than this would be full again at once. */
const FREE_BYTES_MIN = 64 * 1024 ** 2

/**
 * A nats-server whose disk was full goes on refusing what it is sent, also when there is room again: it keeps a failed write in mind. Started
 * anew it works, with all that it had acknowledged.
 */
export function watchFullDisk({ storeDir, restart, log }: FullDiskOptions): FullDiskWatch {
  let looking: NodeJS.Timeout | undefined
  const stop = (): void => {
    clearInterval(looking)
    looking = undefined
  }
  const look = async (): Promise<void> => {
    const { bavail, bsize } = await statfs(storeDir)
    if (looking === undefined || bavail * bsize < FREE_BYTES_MIN) return
    stop()
    log.warn({ freeBytes: bavail * bsize }, 'the disk has room again; nats-server is started anew')
    restart()
  }
  return {
    hear(line) {
      if (!FULL.test(line)) return false
      if (looking !== undefined) return true
      log.error({ storeDir }, `the disk is full: nats-server takes nothing until ${FREE_BYTES_MIN / 1024 ** 2} MiB are free`)
      // What hinders a look is tried again with the next.
      looking = setInterval(() => void look().catch(() => undefined), LOOK_MS)
      return false
    },
    stop,
  }
}
