import { expect, test } from 'vitest'
import { createStreamRoom } from '../../../pipeline/fan-out/stream-room.ts'
import { silent } from '../../support/test-system.ts'

/** Two streams of 1,000 bytes. @param sizes what they hold at each reading of both; the last one stays */
function roomOf(...sizes: readonly (readonly [sent: number, inbox: number])[]) {
  let readings = 0
  const room = createStreamRoom(
    async (stream) => {
      const [sent, inbox] = sizes[Math.min(Math.floor(readings++ / 2), sizes.length - 1)] ?? [0, 0]
      return { config: { max_bytes: 1_000 }, state: { bytes: stream === 'SENT' ? sent : inbox } }
    },
    silent,
    1,
  )
  return { room, readings: () => Math.ceil(readings / 2) }
}
const { signal } = new AbortController()

test('events wait while SENT is filled by half, or INBOX by 60 %', async () => {
  for (const [filled, free] of [
    [
      [450, 0],
      [400, 0],
    ],
    [
      [0, 550],
      [0, 500],
    ],
  ] as const) {
    const { room, readings } = roomOf(filled, filled, free)
    await room.take(100, signal)
    expect(readings()).toBeGreaterThanOrEqual(3)
  }
})

test('what was taken since the last reading counts', async () => {
  let bytes = 0
  const info = async () => ({ config: { max_bytes: 1_000 }, state: { bytes } })
  const room = createStreamRoom(info, silent, 60_000)
  await room.take(300, signal)
  await room.take(200, signal)
  bytes = 500
  const stop = new AbortController()
  const waiting = room.take(1, stop.signal)
  stop.abort(new Error('stopped'))
  await expect(waiting).rejects.toThrow()
})

test('streams without a limit have room', async () => {
  const room = createStreamRoom(async () => ({ config: { max_bytes: -1 }, state: { bytes: 1e12 } }), silent)
  await room.take(1e9, signal)
})
