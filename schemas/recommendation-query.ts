import { z } from 'zod'
import { type Item, itemIdSchema, topicSchema } from './catalogue-events.ts'

/** The ways to recommend, by name. `fused` is the one that answers unless a kind states another. */
export const STRATEGIES = ['fused', 'topics', 'together', 'similar', 'popular'] as const
export type Strategy = (typeof STRATEGIES)[number]

/** Items that a recommendation has at most. */
export const COUNT_MAX = 20

/** An item that a visitor had to do with, its score, and the part of the score that its topics have not got yet. */
export const recentSchema = z.tuple([itemIdSchema, z.number(), z.number()])
export type Recent = z.infer<typeof recentSchema>

/** What a strategy knows of a visitor: the input of the task. Everything but the count has a default, for inputs of version 1. */
export const visitorSchema = z.object({
  topics: z.array(z.tuple([topicSchema, z.number()])),
  /** Items that the visitor will not get. */
  without: z.array(itemIdSchema),
  count: z.int().min(1).max(COUNT_MAX),
  recent: z.array(recentSchema).default([]),
  searches: z.array(z.string()).default([]),
  segment: z.string().nullable().default(null),
  /** Topics and items that he refuses, as he said it: no strategy gives what has one of them. */
  refuses: z.array(z.string()).optional(),
})
export type Visitor = z.output<typeof visitorSchema>

/** Why an item is recommended: for a topic, with or like an item that the visitor knows, or because many others chose it. */
export const whySchema = z.object({
  by: z.enum(['topic', 'together', 'similar', 'popular']),
  of: z.string().meta({ description: 'The topic, the item, or the segment; empty for all visitors' }),
})
export type Why = z.infer<typeof whySchema>

/** An item of a list, with its score and the reason. Scores of different strategies are not comparable. */
export interface Recommended {
  readonly item: string
  readonly score: number
  readonly why: Why
}

/** Where recommendations come from, and how they are made. */
export interface RecommendSource {
  readonly strategy: Strategy
  /** Items that are there before any is offered by an event. */
  readonly catalogue: readonly Item[]
  /** Name of the kind whose actors are the items. */
  readonly items: string
}

/** Whom to recommend to. */
export interface RecommendQuery extends RecommendSource {
  readonly visitor: Visitor
}

/** A list with what it was made from: `colloquy backtest` makes it again. */
export interface Recommendation {
  readonly items: Recommended[]
  readonly strategy: Strategy
  /** LOG sequence up to which the index had read. */
  readonly indexSeq: number
  /** Topics of recent items that the visitor's topics do not count yet. */
  readonly learnt: [item: string, topics: string[]][]
}
