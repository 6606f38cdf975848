import { z } from 'zod'
import { defineTask } from '../../actors/definition/define-kind.ts'
import { createChat } from '../../actors/kinds/chat/kind.ts'

/** A tool that calls a service, whose address is in the environment: its effect is once for each key. */
const pays = defineTask({
  input: z.object({ cents: z.int().positive() }),
  output: z.object({ receipt: z.string() }),
  deadlineMs: 120_000,
  attemptsMax: 10,
  concurrencyMax: 10,
  retry: { initialMs: 50, maxMs: 500 },
  async run({ input, key, signal }) {
    const headers = { 'content-type': 'application/json', 'idempotency-key': key }
    const response = await fetch(process.env['CHAT_BANK_URL'] ?? '', { method: 'POST', headers, body: JSON.stringify(input), signal })
    if (!response.ok) throw new Error(`the bank answered ${response.status}`)
    return z.object({ receipt: z.string() }).parse(await response.json())
  },
})

/** A chat with a tool that is called at once, and one that waits for a person. */
export default [
  createChat({
    tools: { charge: { task: pays, description: 'Takes money' }, refund: { task: pays, description: 'Pays money back', approval: true } },
  }),
]
