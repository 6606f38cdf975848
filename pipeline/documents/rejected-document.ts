import type { DocumentProblem } from '../../actors/kinds/document/render-task.ts'

/** A document that cannot be made of its template and data; another attempt would not help. */
export class RejectedDocument extends Error {
  readonly problem: DocumentProblem

  constructor(problem: DocumentProblem, options?: { cause?: unknown }) {
    super(problem.problem, options)
    this.problem = problem
  }
}
