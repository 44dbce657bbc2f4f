/** Deleting without a participant would leave its rows or bytes behind: nothing is deleted, and no service starts. */
export class ParticipantMissing extends Error {
  constructor(name: string) {
    super(`"${name}" takes part in deleting and has not registered; is its module loaded?`);
    this.name = 'ParticipantMissing';
  }
}

/**
 * Who removes something of their own when a platform or a ticket is deleted. Participants stand above the room that
 * deletes, which therefore cannot import them: it names them here, and each registers when its module starts.
 */
export class DeletionParticipants<Name extends string, Participant> {
  private readonly registered = new Map<Name, Participant>();

  /** @param names of all that must have registered, in the order in which they run */
  constructor(private readonly names: readonly Name[]) {}

  register(name: Name, participant: Participant): void {
    if (this.registered.has(name)) throw new Error(`"${name}" takes part in deleting already`);
    this.registered.set(name, participant);
  }

  /** In the order of their names. @throws ParticipantMissing */
  all(): readonly Participant[] {
    return this.names.map((name) => {
      const participant = this.registered.get(name);
      if (participant === undefined) throw new ParticipantMissing(name);
      return participant;
    });
  }
}
