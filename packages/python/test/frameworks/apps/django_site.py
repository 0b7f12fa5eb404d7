"""A Django project in one module: settings, URLs, application. Its data is in the folder that WSGI_TEST_DATA names."""

import os
import sys

from django.conf import settings

data = os.environ["WSGI_TEST_DATA"]
here = os.path.dirname(os.path.abspath(__file__))

settings.configure(
    DEBUG=True,
    DEBUG_PROPAGATE_EXCEPTIONS=False,
    SECRET_KEY="not a secret",
    ALLOWED_HOSTS=["*"],
    ROOT_URLCONF=__name__,
    INSTALLED_APPS=[
        *("django.contrib.admin", "django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions"),
        *("django.contrib.messages", "django.contrib.staticfiles", "shop"),
    ],
    MIDDLEWARE=[
        "django.middleware.security.SecurityMiddleware",
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.middleware.common.CommonMiddleware",
        "django.middleware.csrf.CsrfViewMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
        "django.contrib.messages.middleware.MessageMiddleware",
        "django.middleware.http.ConditionalGetMiddleware",
    ],
    TEMPLATES=[
        {
            "BACKEND": "django.template.backends.django.DjangoTemplates",
            "DIRS": [os.path.join(here, "shop")],
            "APP_DIRS": True,
            "OPTIONS": {
                "context_processors": [
                    "django.template.context_processors.request",
                    "django.contrib.auth.context_processors.auth",
                    "django.contrib.messages.context_processors.messages",
                ]
            },
        }
    ],
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": os.path.join(data, "shop.sqlite3")}},
    PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"],
    DEFAULT_AUTO_FIELD="django.db.models.AutoField",
    MIGRATION_MODULES={"shop": None},
    STATIC_URL="/static/",
    SECURE_PROXY_SSL_HEADER=("HTTP_X_FORWARDED_PROTO", "https"),
    USE_TZ=True,
    DATA=data,
)

from django.contrib.staticfiles.handlers import StaticFilesHandler
from django.core.wsgi import get_wsgi_application

application = StaticFilesHandler(get_wsgi_application())

from django.contrib import admin
from django.urls import path
from django.views.decorators.csrf import csrf_exempt

from shop import views

urlpatterns = [
    path("", views.index, name="index"),
    path("admin/", admin.site.urls),
    path("upload", csrf_exempt(views.upload)),
    path("raw", csrf_exempt(views.raw)),
    path("stream", views.stream),
    path("file", views.file),
    path("failing", views.failing),
    path("about/<path:rest>", views.about),
]

if __name__ == "__main__":  # makes the database
    sys.modules["django_site"] = sys.modules["__main__"]
    settings.ROOT_URLCONF = "django_site"
    from django.contrib.auth import get_user_model
    from django.core.management import call_command

    call_command("migrate", run_syncdb=True, verbosity=0)
    get_user_model().objects.create_superuser("admin", "admin@example.com", "secret")
    with open(os.path.join(data, "document.txt"), "wb") as document:
        document.write(b"".join(b"line %05d\n" % i for i in range(20000)))
