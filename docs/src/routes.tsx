// What the site's core takes from `react-router-config`, for many pages: the original tries the routes one by one, three
// times a page, so that a site of twice as many pages takes four times as long to build. Here a page without
// placeholders in its path is looked up.

import type {ReactNode} from 'react';
import {matchPath, Route, Router, Switch, useLocation, type RouteComponentProps, type match} from 'react-router';
import type {RouteConfig} from 'react-router-config';

interface Branch {
  route: RouteConfig;
  match: match;
}

interface Index {
  /** Pages by their address. */
  pages: Map<string, number[]>;
  /** All other routes, by their places. */
  others: number[];
}

const known = new WeakMap<RouteConfig[], Index>();

/** An address as the router compares it: neither case nor a slash at the end counts. */
const normal = (path: string): string => path.toLowerCase().replace(/\/$/, '');

function indexOf(routes: RouteConfig[]): Index {
  const index: Index = {pages: new Map(), others: []};
  for (const [at, {path, exact, strict, sensitive}] of routes.entries()) {
    const isPage = typeof path === 'string' && exact && !strict && !sensitive && /^[\w/.~-]*$/.test(path);
    if (!isPage) index.others.push(at);
    else index.pages.set(normal(path), [...(index.pages.get(normal(path)) ?? []), at]);
  }
  return index;
}

/** The places of the routes that may match, in their order. */
function candidates(routes: RouteConfig[], pathname: string): number[] {
  const index = known.get(routes) ?? indexOf(routes);
  known.set(routes, index);
  return [...index.others, ...(index.pages.get(normal(pathname)) ?? [])].sort((a, b) => a - b);
}

/** The routes from the root to a page. */
export function matchRoutes(routes: RouteConfig[], pathname: string, branch: Branch[] = []): Branch[] {
  for (const at of candidates(routes, pathname)) {
    const route = routes[at];
    const above = branch[branch.length - 1]?.match ?? rootMatch(pathname);
    const found = route.path ? matchPath(pathname, route) : above;
    if (!found) continue;
    branch.push({route, match: found});
    if (route.routes) matchRoutes(route.routes, pathname, branch);
    return branch;
  }
  return branch;
}

const rootMatch = (pathname: string): match => (Router as unknown as {computeRootMatch(path: string): match}).computeRootMatch(pathname);

export function renderRoutes(routes: RouteConfig[] | undefined, extraProps: object = {}, switchProps: {location?: {pathname: string}} = {}): ReactNode {
  return routes ? <Routes routes={routes} extraProps={extraProps} switchProps={switchProps} /> : null;
}

function Routes({routes, extraProps, switchProps}: {routes: RouteConfig[]; extraProps: object; switchProps: {location?: {pathname: string}}}): ReactNode {
  const here = useLocation();
  const chosen = candidates(routes, (switchProps.location ?? here).pathname);
  return (
    <Switch {...(switchProps as object)}>
      {chosen.map((at) => {
        const route = routes[at];
        const Component = route.component as React.ComponentType<object>;
        const render = (props: RouteComponentProps): ReactNode =>
          route.render ? route.render({...props, ...extraProps, route} as never) : <Component {...props} {...extraProps} {...{route}} />;
        return <Route key={route.key ?? at} path={route.path} exact={route.exact} strict={route.strict} render={render} />;
      })}
    </Switch>
  );
}
