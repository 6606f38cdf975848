import { z } from 'zod'
import { defineTask } from '../../actors/definition/task-definition.ts'
import { createChat } from '../../actors/kinds/chat/kind.ts'

const looked = { attemptsMax: 2, concurrencyMax: 4, deadlineMs: 30_000 } as const

/** A chat with tools and a form. */
export const toolChat = createChat({
  tools: {
    weather: {
      description: 'The weather of a city',
      task: defineTask({
        ...looked,
        input: z.object({ city: z.string().min(2) }),
        output: z.object({ degrees: z.int() }),
        run: async ({ input }) => ({ degrees: input.city.length }),
      }),
    },
    refund: {
      description: 'Pays money back',
      approval: true,
      task: defineTask({
        ...looked,
        input: z.object({ cents: z.int().positive() }),
        output: z.object({ receipt: z.string() }),
        run: async ({ key }) => ({ receipt: key }),
      }),
    },
    stuck: {
      description: 'Never ends',
      task: defineTask({
        ...looked,
        deadlineMs: 200,
        input: z.object({}),
        output: z.object({}),
        run: () => new Promise<Record<string, never>>(() => undefined),
      }),
    },
    long: {
      description: 'Returns much',
      task: defineTask({ ...looked, input: z.object({}), output: z.string(), run: async () => '长'.repeat(100_000) }),
    },
  },
  forms: {
    delivery: {
      title: 'Delivery 收货',
      schema: z.object({
        city: z.string().min(2).meta({ title: 'City 城市' }),
        floor: z.int().min(0).max(99),
        lift: z.boolean().optional(),
        when: z.enum(['morning', 'evening']),
      }),
    },
  },
})
