/** The ways in that take a body without end; a proxy may treat each of them in its own way. */
export const uploadRoutes = [
  { method: 'PUT', path: '/api/v1/archives/doctor.bin' },
  { method: 'POST', path: '/api/v1/archives' },
  { method: 'PATCH', path: '/api/v1/uploads/doctor' },
] as const;

export type UploadRoute = (typeof uploadRoutes)[number];
