import type { ObjectReference } from '../../schemas/object-reference.ts'

/** Objects of tasks: what is too large for a record. A machine sees references only; tasks of its tenant open them. */
export interface TaskObjects {
  /**
   * Stores a text or bytes, and returns what stands for them. The object stays if the output of this run has the reference; otherwise it is
   * removed some time after the run has ended. The same content is stored once for all attempts of a run.
   *
   * @throws TerminalError `object_too_large`
   * @throws ColloquyError `objects_full`
   */
  store(content: string | Uint8Array): Promise<ObjectReference>
  /**
   * Opens an object that a task of the same tenant has stored. Its checksum is verified.
   *
   * @throws TerminalError `no_object`, `bad_object`
   */
  object(reference: ObjectReference): Promise<Buffer>
}
