import { describe, expect, test } from 'vitest'
import { ATTEMPTS_MAX, createLiveWriter, type LiveWriterOptions, RUN_PIECES_MAX } from '../../../pipeline/task-runner/live-writer.ts'
import { LIVE_TEXT_CHARS_MAX, type LivePiece, livePieceSchema } from '../../../schemas/live-messages.ts'

function written(more: Partial<LiveWriterOptions> = {}) {
  const messages: LivePiece[] = []
  const dropped: string[] = []
  const aborting = new AbortController()
  const state = { hasRoom: true }
  const live = createLiveWriter({
    run: 'r',
    deliveriesBefore: 0,
    publish(message) {
      if (state.hasRoom) messages.push(livePieceSchema.parse(message))
      return state.hasRoom
    },
    signal: aborting.signal,
    mode: () => Promise.resolve('token'),
    onDropped: (cause) => dropped.push(cause),
    ...more,
  })
  /** Event, attempt, and the index and text or the reason. */
  const told = () =>
    messages.map((one) => (one.event === 'delta' ? [one.attempt, one.index, one.text] : [one.attempt, one.event, one.reason]))
  return { live, messages, told, dropped, state, abort: () => aborting.abort() }
}

describe('the pieces of a run', () => {
  test('are numbered in each attempt, which a reset and a failure end', () => {
    const { live, told } = written()
    for (const text of ['a', '', 'b']) live.delta(text)
    live.reset('model_timeout')
    live.delta('c')
    live.failed('http_500')
    live.delta('d')
    expect(told()).toEqual([
      [1, 0, 'a'],
      [1, 1, 'b'],
      [1, 'reset', 'model_timeout'],
      [2, 0, 'c'],
      [2, 'reset', 'http_500'],
      [3, 0, 'd'],
    ])
  })

  test('need no reset where nothing was told', () => {
    const { live, told } = written()
    live.reset('a')
    live.failed('b')
    live.delta('c')
    expect(told()).toEqual([[3, 0, 'c']])
  })

  test('of a later delivery have attempts above those of the one before', () => {
    const { live, told } = written({ deliveriesBefore: 2 })
    live.delta('a')
    expect(told()).toEqual([[2 * ATTEMPTS_MAX + 1, 0, 'a']])
  })

  test('are split, and joined, where a character does not end', () => {
    const { live, messages } = written()
    const text = `x${'😀'.repeat(LIVE_TEXT_CHARS_MAX)}`
    const [first, second] = ['\ud83d', '\ude00']
    live.delta(text)
    live.delta(`a${first}`)
    live.delta(second)
    const pieces = messages.flatMap((one) => (one.event === 'delta' ? [one.text] : []))
    expect(pieces.join('')).toBe(`${text}a😀`)
    expect(pieces.every((piece) => piece.isWellFormed() && piece.length <= LIVE_TEXT_CHARS_MAX)).toBe(true)
  })

  test('end with the signal of the task, and with the run', () => {
    const aborted = written()
    aborted.live.delta('a')
    aborted.abort()
    aborted.live.delta('b')
    aborted.live.reset('c')
    aborted.live.close()
    expect(aborted.told()).toEqual([[1, 0, 'a']])
    const closed = written()
    closed.live.close()
    closed.live.delta('a')
    expect(closed.told()).toEqual([])
  })

  test('for which there is no room are dropped with their attempt; its reset follows when there is', () => {
    const { live, told, dropped, state } = written()
    live.delta('a')
    state.hasRoom = false
    for (const text of ['b', 'c']) live.delta(text)
    state.hasRoom = true
    live.delta('d')
    live.reset('model_timeout')
    live.delta('e')
    expect(told()).toEqual([
      [1, 0, 'a'],
      [1, 'reset', 'live_overflow'],
      [2, 0, 'e'],
    ])
    expect(dropped).toEqual(['live_overflow'])
  })

  test.each([
    ['pieces', RUN_PIECES_MAX + 10, 'x'],
    ['bytes', 4_000, '大'.repeat(1_000)],
  ])('beyond the limit of %s are dropped, with all that was told and all that follows', (_, count, text) => {
    const { live, messages, dropped } = written()
    for (let piece = 0; piece < count; piece += 1) live.delta(text)
    expect(messages.at(-1)).toMatchObject({ event: 'reset', attempt: 1, reason: 'live_limit' })
    const length = messages.length
    live.reset('again')
    live.delta('x')
    expect(messages).toHaveLength(length)
    expect(dropped).toEqual(['live_limit'])
  })
})
