import { expect, test } from 'vitest'
import { z } from 'zod'
import type { GenerationMessage } from '../../../actors/definition/task-generation.ts'
import { estimateMessages, fitMessages } from '../../../pipeline/models/token-estimate.ts'
import { estimateTools, withCalls } from '../../../pipeline/models/tool-calls.ts'

const call = { call: 'c-1', name: 'weather', args: { city: '奥斯陆' }, result: '四度' }
const asked: GenerationMessage = { role: 'user', content: 'How is the weather?' }
const answered: GenerationMessage = { role: 'assistant', content: '', calls: [call] }

test('a history is cut before the question that led to calls, and a call keeps its result', () => {
  const old: GenerationMessage[] = [
    { role: 'user', content: 'x'.repeat(1_000) },
    { role: 'assistant', content: 'y'.repeat(1_000) },
  ]
  const room = estimateMessages([asked, answered])
  expect(fitMessages([...old, asked, answered], room)).toEqual([asked, answered])
  expect(fitMessages([...old, asked, answered], room - 1)).toBeUndefined()
})

test('calls go to a provider as a message of calls and one of results', () => {
  expect(withCalls('', [call])).toMatchObject([
    { role: 'assistant', content: [{ type: 'tool-call', toolCallId: 'c-1', toolName: 'weather', input: { city: '奥斯陆' } }] },
    { role: 'tool', content: [{ type: 'tool-result', toolCallId: 'c-1', output: { type: 'text', value: '四度' } }] },
  ])
})

test('tools take room of a context', () => {
  const tool = { name: 'weather', description: 'The weather of a city', args: z.object({ city: z.string() }) }
  expect(estimateTools([tool, tool])).toBe(2 * estimateTools([tool]))
  expect(estimateTools([tool])).toBeGreaterThan(20)
  expect(estimateTools([])).toBe(0)
})
