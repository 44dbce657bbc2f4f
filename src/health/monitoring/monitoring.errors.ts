import { DomainError } from '../../errors/domain-error.js';

export class MetricsTokenUnknown extends DomainError {
  readonly code = 'metrics-token-unknown';
  constructor() {
    super('Send the METRICS_TOKEN of this service as "Authorization: Bearer <token>".');
  }
}
