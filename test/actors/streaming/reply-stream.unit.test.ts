import { pino } from 'pino'
import { describe, expect, test } from 'vitest'
import { createReplyStream, type ReplyStreamOptions, type WrittenSentence } from '../../../actors/streaming/reply-stream.ts'
import { recordsLive } from '../../../actors/testkit/live-recorder.ts'
import type { StreamMode } from '../../../schemas/stream-mode.ts'

const log = pino({ enabled: false })
/** Lets all that is due run. */
const settled = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve))

async function opened(mode: StreamMode, more: Partial<ReplyStreamOptions> = {}) {
  const live = recordsLive(mode)
  const asked: WrittenSentence[] = []
  const gate = (sentence: WrittenSentence): boolean => {
    asked.push(sentence)
    return !sentence.text.includes('secret')
  }
  const { stream, settle } = createReplyStream({ live, gate, log, ...more })
  const write = async (...pieces: string[]): Promise<void> => {
    for (const piece of pieces) stream.delta(piece)
    await settled()
  }
  await settled()
  return { live, asked, write, stream, settle }
}
const deltas = (...texts: string[]) => texts.map((delta) => ({ delta }))

describe('token', () => {
  test('tells each piece at once, without citations, and without blanks that the reply does not have', async () => {
    const { live, write, settle } = await opened('token')
    await write(' ', 'It is', ' free ', '[', '1', ']', '. [2', '] Else', ' [x] ', '5 EUR. [3]', ' ')
    expect(live.told).toEqual(deltas('It is', ' free', '.', ' Else', ' [x]', ' 5 EUR.'))
    await settle('It is free. Else [x] 5 EUR.')
    expect(live.text).toBe('It is free. Else [x] 5 EUR.')
    expect(live.told).toHaveLength(6)
  })

  test('keeps citations where the reply is sent with them', async () => {
    const { live, write, settle } = await opened('token', { citations: 'kept' })
    await write('Free [', '1].')
    await settle('Free [1].')
    expect(live.told).toEqual(deltas('Free [', '1].'))
  })

  test('tells what was written before the setting was known', async () => {
    const live = recordsLive('token')
    const { stream } = createReplyStream({ live, gate: () => true, log })
    stream.delta('a')
    expect(live.told).toEqual([])
    await settled()
    stream.delta('b')
    expect(live.told).toEqual(deltas('a', 'b'))
  })
})

describe('sentence', () => {
  test('tells a sentence when the gate has passed it, and the last one with the reply', async () => {
    const { live, asked, write, settle } = await opened('sentence')
    await write('It is 1.', '5 EUR [1]', '. Ask')
    expect(live.told).toEqual(deltas('It is 1.5 EUR.'))
    await write(' us。[2]', ' 好')
    expect(live.told).toEqual(deltas('It is 1.5 EUR.', ' Ask us。'))
    expect(asked).toEqual([
      { text: 'It is 1.5 EUR.', written: 'It is 1.5 EUR [1].', before: '', writtenSoFar: 'It is 1.5 EUR [1].' },
      { text: 'Ask us。', written: 'Ask us。[2]', before: 'It is 1.5 EUR.', writtenSoFar: 'It is 1.5 EUR [1]. Ask us。[2]' },
    ])
    await settle('It is 1.5 EUR. Ask us。 好')
    expect(live.text).toBe('It is 1.5 EUR. Ask us。 好')
  })

  test('shows nothing from the first sentence on that does not pass, and takes back the rest with its attempt', async () => {
    const { live, write, stream, settle } = await opened('sentence')
    await write('One. The secret is 7. Two. ', 'Three. X')
    expect(live.told).toEqual(deltas('One.'))
    stream.reset('low_quality')
    await write('Better. Y')
    await settle('Better. Yes.')
    expect(live.told).toEqual([{ delta: 'One.' }, { reset: 'low_quality' }, { delta: 'Better.' }, { delta: ' Yes.' }])
  })

  test('needs no reset where nothing was shown', async () => {
    const { live, write, stream, settle } = await opened('sentence')
    await write('The secret is 7. Two. X')
    stream.reset('model_timeout')
    await settle('No.')
    expect(live.told).toEqual(deltas('No.'))
  })

  test('shows no sentence of an attempt that was reset while the gate had it', async () => {
    const passes: ((passes: boolean) => void)[] = []
    const { live, write, stream } = await opened('sentence', { gate: () => new Promise((resolve) => passes.push(resolve)) })
    await write('One. Two. X')
    stream.reset('model_timeout')
    await write('Three. X')
    passes.shift()?.(true)
    await settled()
    expect(live.told).toEqual([])
    passes.shift()?.(true)
    await settled()
    expect(live.told).toEqual(deltas('Three.'))
  })

  test('shows none that the gate could not check', async () => {
    const { live, write, settle } = await opened('sentence', { gate: () => Promise.reject(new Error('the gate is broken')) })
    await write('One. Two. X')
    expect(live.told).toEqual([])
    await settle('One. Two. Xyz')
    expect(live.told).toEqual(deltas('One. Two. Xyz'))
  })
})

test('off tells nothing', async () => {
  const { live, write, stream, settle } = await opened('off')
  await write('One. Two. X')
  stream.reset('model_timeout')
  await settle('One.')
  expect(live.told).toEqual([])
})

describe.each(['token', 'sentence'] as const)('%s: a reply that is settled', (mode) => {
  test('as another text takes back what was told', async () => {
    const { live, write, settle } = await opened(mode)
    await write('One. Two')
    await settle('Sorry.', 'refused')
    expect(live.told.slice(-2)).toEqual([{ reset: 'refused' }, { delta: 'Sorry.' }])
    await write('Three. Four. X')
    await settle('Other.')
    expect(live.text).toBe('Sorry.')
  })

  test('as none takes back what was told', async () => {
    const { live, write, settle } = await opened(mode)
    await write('One. Two')
    await settle(undefined, 'handed_over')
    expect(live.told.at(-1)).toEqual({ reset: 'handed_over' })
    expect(live.text).toBe('')
  })
})
