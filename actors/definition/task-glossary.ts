import type { Glossary } from '../../schemas/glossary.ts'

/** The terms of the actor's tenant, as a task sees them. */
export interface TaskGlossary {
  /** The setting GLOSSARY of the tenant; no terms where it has none. */
  glossary(): Promise<Glossary>
}
