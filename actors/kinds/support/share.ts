import type { z } from 'zod'
import type { TaskCall } from '../../definition/task-definition.ts'
import type { Understood } from '../../definition/task-understanding.ts'
import { ANSWER_PROMPT, ANSWER_PROMPTS } from '../../prompting/built-in-prompts.ts'
import { createReplyStream } from '../../streaming/reply-stream.ts'
import { composeAnswer, type ComposeCall, type Composed, generationOf } from './compose.ts'
import { type Answer, type AnswerInput, answerOutput } from './definition.ts'
import { ENTITIES_MAX, type Found, type Shareable } from './found.ts'

type Call = ComposeCall & Pick<TaskCall<AnswerInput>, 'promptFor' | 'tierFor' | 'shareAnswer'>

/** Raise it where answers to equal questions, from equal passages, change otherwise. */
const ANSWER_FORM = 1

/** What of an answer is the same for all who ask. It has passed the gate. */
const keptSchema = answerOutput
  .pick({
    sources: true,
    model: true,
    promptVersion: true,
    evaluator: true,
    scores: true,
    reasons: true,
    complexity: true,
    tierReason: true,
  })
  .extend({ text: answerOutput.shape.text.unwrap(), quality: answerOutput.shape.quality.unwrap(), tier: answerOutput.shape.tier.unwrap() })

/** What a lookup knows of a question. */
export interface LookedUp extends Pick<Found, 'lookups' | 'omitted' | 'earlier' | 'spent'> {
  readonly turns: readonly unknown[]
  readonly about: string | null
  readonly understood: Understood
  readonly knowledgeSeq: number | undefined
}

/**
 * What an answer can be shared by; `undefined` where it must not be. Earlier messages make it personal, also those that only stand in the
 * prompt. A reply that repeats words of a message is that message's own.
 */
export function shareableBy({ turns, about, omitted, earlier = [], spent, understood, knowledgeSeq }: LookedUp): Shareable | undefined {
  const isPersonal = turns.length > 0 || about !== null || earlier.length > 0 || spent !== undefined
  const { act, intents, entities, version } = understood
  const isWhole = entities.length <= ENTITIES_MAX && intents.length <= ENTITIES_MAX && version.length <= VERSION_CHARS_MAX
  if (isPersonal || omitted !== undefined || knowledgeSeq === undefined || !isWhole) return undefined
  return {
    act: act.name,
    actConfidence: act.confidence,
    intents: intents.map(({ name }) => name),
    entities: entities.map(({ name, value, text }) => ({ name, value, text })),
    understanding: version,
    knowledgeSeq,
  }
}

const VERSION_CHARS_MAX = 256

/**
 * Has an answer composed, or gives the one again that was made for an equal question. One that is given again goes out in one piece,
 * and has cost nothing.
 *
 * @param min the least quality with which an answer passes
 * @throws as `composeAnswer`
 */
export async function shareOrCompose(call: Call, min: number): Promise<Composed> {
  const { input, promptFor, tierFor, shareAnswer } = call
  const { shareable, text, lang, hits } = input
  const prompt = await promptFor(ANSWER_PROMPT, { builtIn: ANSWER_PROMPTS, lang })
  const tier = shareable === undefined ? undefined : await tierFor(generationOf(input, prompt))
  if (shareable === undefined || tier === undefined) return composeAnswer(call, prompt, min)
  let composed: Composed | undefined
  const shared = await shareAnswer(
    {
      text,
      lang,
      ...shareable,
      passages: hits.map(({ source, chunk, title, text: passage }) => ({ id: chunk ?? source, text: `${title}\n${passage}` })),
      prompt,
      tier,
      setUp: [`answer@${ANSWER_FORM}`, min, shareable.knowledgeSeq === 0 ? input.kbVersion : ''].join(' '),
      textOf: (answer) => answer.text,
      schema: keptSchema,
    },
    async () => {
      composed = await composeAnswer(call, prompt, min)
      return composed.kind === 'written' && composed.answer.tier === tier ? keptOf(composed.answer) : undefined
    },
  )
  if (shared === undefined) {
    if (composed === undefined) throw new TypeError('shareAnswer gave no answer and had none made')
    return composed
  }
  await createReplyStream({ ...call, gate: () => true }).settle(shared.answer.text)
  return { kind: 'written', answer: { ...shared.answer, tokensIn: 0, tokensOut: 0, cost: 0, cachedFrom: shared.cachedFrom } }
}

function keptOf(answer: Answer): z.input<typeof keptSchema> | undefined {
  const read = keptSchema.safeParse(answer)
  return read.success ? read.data : undefined
}
