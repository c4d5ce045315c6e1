{{%AUTOESCAPE context="HTML"}}
<div class="card">
  <div class="form">
    <div><p class="muted small">{{status}}</p><h1>{{title}}</h1></div>
    {{#denied}}<p>You are signed in as <strong>{{user_name}}</strong> ({{user_role}}).</p>{{/denied}}
    <p>{{text}}</p>
    <div class="actions"><a class="btn btn--primary" href="/admin/">Back to the overview</a></div>
  </div>
</div>
<p class="muted">Request <code>{{request_id}}</code></p>
