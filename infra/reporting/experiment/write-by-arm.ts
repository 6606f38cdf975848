import type { ChosenPrompt } from '../../../actors/definition/task-prompts.ts'
import { strategyArms } from '../../../actors/kinds/strategy/choices.ts'
import { writingQuery } from '../../../actors/kinds/writer/write-text.ts'
import { WRITE_PROMPTS } from '../../../actors/prompting/built-in-prompts.ts'
import { cut } from '../../../actors/prompting/fence.ts'
import type { JetStreamContext } from '../../../pipeline/jetstream/connection.ts'
import { lastRecord, recordsOf } from '../../../pipeline/jetstream/last-record.ts'
import type { Generate } from '../../../pipeline/models/generate.ts'
import { chosenPrompt, readPromptVersion } from '../../../pipeline/prompts/prompts-reader.ts'
import { readTenantSettings } from '../../../pipeline/tenants/tenant-settings-reader.ts'
import { ColloquyError } from '../../../schemas/errors.ts'
import { type Arm, STRATEGY_KIND, WRITING_LIMITS } from '../../../schemas/writing-events.ts'
import type { DatasetQuestion } from './question-lines.ts'
import type { ArmName, Variant } from './variant.ts'
import type { VariantAnswer } from './variant-answer.ts'

/** An arm of a strategy with the prompt that it names. */
export interface ArmToTry {
  readonly arm: Arm
  readonly prompt: ChosenPrompt
}

/** Reads the arm of a variant for a question: of its tenant, each once. */
export type ArmFor = (question: DatasetQuestion) => Promise<ArmToTry>

/**
 * @param tenantDefault of questions whose line has none
 * @throws ColloquyError `bad_variant` where the strategy has no such arm; `no_prompt_version`
 */
export function armsFor(jetstream: JetStreamContext, name: ArmName, tenantDefault: string): ArmFor {
  const byTenant = new Map<string, ReturnType<typeof read>>()
  const read = async (tenant: string) => {
    const { settings } = await readTenantSettings(jetstream, tenant)
    const last = await lastRecord(jetstream, recordsOf({ tenant, kind: STRATEGY_KIND, id: name.strategy }))
    const arms = strategyArms(last?.record.state?.context)
    const arm = arms.find(({ id }) => id === name.arm)
    if (arm === undefined) {
      const there = arms.map(({ id }) => id).join(', ')
      const what = `the strategy ${JSON.stringify(name.strategy)} of ${tenant} has no arm ${JSON.stringify(name.arm)}; it has ${there}`
      throw new ColloquyError('bad_variant', what)
    }
    const taught = arm.version === 0 ? undefined : await readPromptVersion(jetstream, { tenant, name: arm.prompt }, arm.version)
    return { arm, settings, taught }
  }
  return async ({ tenant = tenantDefault, lang }) => {
    const reading = byTenant.get(tenant) ?? read(tenant)
    byTenant.set(tenant, reading)
    const { arm, settings, taught } = await reading
    return { arm, prompt: chosenPrompt(arm.prompt, taught, settings, { builtIn: WRITE_PROMPTS, lang }) }
  }
}

/** Writes the text of a brief as a writer does with this arm: the question is the brief, and its context are the facts. */
export async function writeByArm(
  { arm, prompt }: ArmToTry,
  {
    generation,
    temperature,
    tier,
    tenant,
  }: Pick<Variant, 'temperature' | 'tier'> & { readonly generation: Generate; readonly tenant: string },
  { query: brief, context, lang }: DatasetQuestion,
  signal: AbortSignal,
): Promise<VariantAnswer> {
  const startedMs = performance.now()
  const { factsMax, factCharsMax, briefCharsMax } = WRITING_LIMITS
  const facts = context.slice(0, factsMax).map((fact) => cut(fact, factCharsMax))
  const query = { ...writingQuery({ brief: cut(brief, briefCharsMax), facts, lang, arm }, prompt), temperature }
  const { text, model, tokensIn, tokensOut, cost } = await generation(tenant, tier === undefined ? query : { ...query, tier }, signal)
  return {
    text: text.trim(),
    context: facts,
    retrieval: facts.map(() => 1),
    latencyMs: performance.now() - startedMs,
    model,
    promptVersion: prompt.promptVersion,
    ...(tokensIn !== undefined && { tokensIn }),
    ...(tokensOut !== undefined && { tokensOut }),
    ...(cost !== undefined && { cost }),
  }
}
