{{%AUTOESCAPE context="HTML"}}
<div class="head">
  <div class="head__text"><h1>Users</h1><p>People who sign in to these pages.</p></div>
  <div class="head__tools"><a class="btn btn--primary" href="/admin/users/new"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#plus"/></svg>Add user</a></div>
</div>
{{#deleted}}<div class="note note--ok" role="status"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#circle-check"/></svg><h2>The user was deleted</h2><p>Sessions and REST tokens ended with it.</p></div>{{/deleted}}
<section class="card" aria-label="Users">
  <div class="table-wrap">
    <table class="table table--stack">
      <caption class="sr-only">Users</caption>
      <thead><tr><th scope="col">User</th><th scope="col">Role</th><th scope="col">Status</th><th scope="col">Added</th></tr></thead>
      <tbody>
        {{#items}}<tr>
          <th scope="row"><a class="table__name" href="/admin/users/{{id}}">{{name}}</a></th>
          <td data-label="Role" class="nowrap">{{role}}</td>
          <td data-label="Status" class="table__corner">{{#held}}<span class="badge badge--warn">Held</span>{{/held}}{{#waiting}}<span class="badge">Has a one-time password</span>{{/waiting}}{{#no_held}}{{#no_waiting}}<span class="badge badge--ok">Active</span>{{/no_waiting}}{{/no_held}}</td>
          <td data-label="Added">{{#created}}<time datetime="{{iso}}" title="{{title}}">{{text}}</time>{{/created}}</td>
        </tr>
        {{/items}}
      </tbody>
    </table>
  </div>
  {{#has_next}}<div class="card__foot pager"><a class="btn btn--sm" href="{{next}}">Next page<svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#chevron-right"/></svg></a></div>{{/has_next}}
</section>
