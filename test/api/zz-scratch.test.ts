import { startedService } from '../support/service.js';
it('x', async () => {
  const t0 = Date.now();
  const service = await startedService();
  const t1 = Date.now();
  await service.given.admin();
  const t2 = Date.now();
  const e = await service.given.engineer();
  const t3 = Date.now();
  const again = await service.given.signedIn(e.account);
  const t4 = Date.now();
  const stack = (service.app.getHttpAdapter().getInstance() as any).router.stack;
  console.log(t1 - t0, t2 - t1, t3 - t2, t4 - t3, (await again.get('/auth/session')).body);
  console.log(
    stack
      .filter((l: any) => l.route)
      .map((l: any) => Object.keys(l.route.methods).join() + ' ' + JSON.stringify(l.route.path))
      .join('\n'),
  );
  console.log(
    stack
      .filter((l: any) => !l.route)
      .map((l: any) => l.name)
      .join(' '),
  );
});
