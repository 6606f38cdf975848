import { z } from 'zod'
import { type Item, itemIdSchema, ITEMS_PAIRED, itemsPaired, topicSchema, topicsSchema } from '../../../schemas/catalogue-events.ts'
import { customerSchema } from '../../../schemas/profile-events.ts'
import { COUNT_MAX, type Strategy, visitorSchema } from '../../../schemas/recommendation-query.ts'
import { TOKEN } from '../../../schemas/subjects.ts'
import { defineKind } from '../../definition/define-kind.ts'
import { defineTask } from '../../definition/task-definition.ts'
import { contextSchema, mergedSchema, segmentSchema } from './interest-context.ts'
import { fromVersion1 } from './interest-version-1.ts'
import { followedSchema, givenSchema, outputSchema } from './lists.ts'
import { withSaid } from './said-topics.ts'

const signal = {
  item: itemIdSchema,
  topics: topicsSchema.optional().meta({ description: 'Default: those of the item in the catalogue' }),
  segment: segmentSchema.optional(),
}
const signalSchema = z.object(signal)
/** Options of the kind `interest`. */
export interface InterestOptions {
  /** Name of the kind. Default: `interest`. */
  readonly name?: string
  /** Name of the kind of items. Default: `item`. */
  readonly items?: string
  /** How recommendations are made. Default: `fused`. */
  readonly strategy?: Strategy
}

/** The definition of the kind, without its machine. */
export const defineInterest = (catalogue: readonly Item[], { name = 'interest', items = 'item', strategy = 'fused' }: InterestOptions) =>
  defineKind({
    name,
    version: 3,
    context: contextSchema,
    events: {
      'item.browsed': signalSchema.describe('The visitor looks at an item'),
      'item.clicked': signalSchema
        .extend({ list: z.string().max(256).optional().meta({ description: 'Where it was shown' }) })
        .describe('The visitor opens an item of a list'),
      'item.searched': z
        .object({ text: z.string().min(1).max(1_024), segment: segmentSchema.optional() })
        .describe('The visitor searches for words'),
      'item.liked': signalSchema.describe('The visitor likes an item'),
      'item.unliked': signalSchema.describe('A like is taken back'),
      'item.disliked': signalSchema.describe('The visitor wants no such item'),
      'item.bought': signalSchema.describe('The visitor buys an item, which is recommended no more'),
      'item.returned': signalSchema.describe('The visitor sends an item back: what it taught is undone'),
      'item.rated': signalSchema
        .extend({ stars: z.int().min(1).max(5).meta({ description: '1 and 2 lower the scores of its topics' }) })
        .describe('The visitor rates an item'),
      'item.commented': signalSchema.extend({ text: z.string().max(4_000) }).describe('The visitor writes about an item'),
      'recommendations.asked': z
        .object({
          count: z.int().min(1).max(COUNT_MAX).default(5),
          segment: segmentSchema.optional(),
          customer: customerSchema.optional().meta({ description: 'Heeds what the profile of this customer has of likes and refusals' }),
          keepFresh: z.boolean().optional().meta({ description: 'For an hour, signals lead to another list, 2 s after the first of them' }),
        })
        .describe('Asks for a list of items'),
      'visitor.signed_in': z
        .object({ as: z.string().regex(TOKEN).meta({ description: 'Id of the actor that takes the profile over' }) })
        .describe('The visitor signs in, and the profile goes to the account'),
      'profile.merged': mergedSchema.describe('From the actor of a visitor who signed in: its profile, which joins this one'),
    },
    sentBy: { 'profile.merged': [name] },
    emits: {
      'recommendations.given': givenSchema.describe('A list of items, each with its reason'),
      'recommendation.clicked': followedSchema.describe('The visitor opened an item of a list'),
      'recommendation.bought': followedSchema.describe('The visitor bought an item of a list'),
      'interest.changed': z.object({ before: topicSchema, now: topicSchema }).describe('Another topic than before is the favourite'),
      [ITEMS_PAIRED]: itemsPaired.describe('An item goes together with those of before'),
    },
    tasks: {
      recommend: defineTask({
        input: visitorSchema.extend({ customer: customerSchema.optional() }),
        output: outputSchema,
        deadlineMs: 10_000,
        attemptsMax: 3,
        concurrencyMax: 64,
        recommends: { strategy, catalogue, items },
        run: async ({ input: { customer: asked, ...visitor }, recommend, customer }) => {
          const said = asked === undefined ? [] : (await customer(asked)).facts
          return recommend({ visitor: withSaid(visitor, said), strategy, catalogue, items })
        },
      }),
    },
    migrate: { 1: fromVersion1, 2: ({ value, context }) => ({ value, context: contextSchema.parse(context) }) },
    label: ({ topics, bought }) => ({ favourite: topics[0]?.[0] ?? null, bought: bought.length }),
  })
