import { createModelEvaluator, type ModelEvaluator } from '../../pipeline/quality/evaluate-by-model.ts'
import { modelAccess, type ModelSettings } from './model-access.ts'

/** The model of the settings as a judge; `undefined` where they name none. */
export function modelJudgeOf(settings: ModelSettings): ModelEvaluator | undefined {
  const access = modelAccess(settings)
  return access === undefined ? undefined : createModelEvaluator(access)
}
