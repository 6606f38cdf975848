import { expect, test } from 'vitest'
import { z } from 'zod'
import { fails, generates } from '../../../infra/testkit.ts'

const messages = [{ role: 'user', content: 'How long?' }] as const

test('answers are given in order, and what was asked is told', async () => {
  const { generate, asked } = generates('Two days.', { days: 2 }, fails('model_budget'))
  expect(await generate({ messages })).toMatchObject({ text: 'Two days.', attempts: [] })
  expect(await generate({ messages, schema: z.object({ days: z.int() }) })).toMatchObject({ object: { days: 2 } })
  await expect(generate({ messages })).rejects.toMatchObject({ code: 'model_budget' })
  expect(asked).toHaveLength(3)
  await expect(generate({ messages })).rejects.toMatchObject({ code: 'stub_exhausted' })
})

test('an answer that is refused is an attempt, and the listener is told to begin again', async () => {
  const heard: string[] = []
  const stream = { delta: (text: string) => heard.push(text), reset: (reason: string) => heard.push(`reset ${reason}`) }
  const { generate } = generates('bad', '好')
  const answer = await generate({ messages, stream, refuse: (text) => (text === 'bad' ? ['invented'] : []) })
  expect(answer).toMatchObject({ text: '好', tierReason: 'fallback', attempts: [{ reasons: ['invented'], text: 'bad' }] })
  expect(heard).toEqual(['bad', 'reset invented', '好'])
})

test('an answer that does not fit the schema is a mistake of the test', async () => {
  const { generate } = generates({ days: 'two' })
  await expect(generate({ messages, schema: z.object({ days: z.int() }) })).rejects.toMatchObject({ code: 'bad_stub' })
})
