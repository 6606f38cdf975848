import * as restate from '@restatedev/restate-sdk'
import { createJob, type Conversation } from './job.ts'

/** A conversation as a virtual object: Restate runs one turn at a time and stores the state. Argument: port. */
const job = createJob()

const conversation = restate.object({
  name: 'Conversation',
  handlers: {
    turn: async (ctx: restate.ObjectContext, input: unknown) => {
      const before = await ctx.get<Conversation>('conversation')
      const turn = job(ctx.key, before ?? undefined, input)
      ctx.set('conversation', turn.conversation)
      return { n: turn.conversation.n, emitted: turn.emitted }
    },
  },
})

await restate.serve({ services: [conversation], port: Number(process.argv[2]) })
