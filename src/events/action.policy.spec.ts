import { actions } from '../audit/audit.actions.js';
import type { Action } from '../audit/audit.actions.js';
import { actionOf } from './action.policy.js';
import type { ActionOf } from './action.policy.js';
import type { EventName } from './events.js';

/** What only one of the two has. */
type Difference<One, Other> = Exclude<One, Other> | Exclude<Other, One>;

describe('the action of an event', () => {
  it('is its name with hyphens', () => {
    expect(actionOf('archive.stored')).toBe('archive.stored');
    expect(actionOf('user.second_factor_reset')).toBe('user.second-factor-reset');
  });

  it('is one for each event, and each action has its event', () => {
    // The compiler compares: it names what is missing in the list of actions or among the events.
    const unmatched: readonly Difference<Action, ActionOf<EventName>>[] = [];
    expect(unmatched satisfies readonly never[]).toEqual([]);
    // The other way round leaves no doubt only while no action has an underscore.
    expect(actions.filter((action) => action.includes('_'))).toEqual([]);
  });
});
